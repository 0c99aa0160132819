"""The `[streamer_agent]` section of config.toml."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

RecogniserName = Literal["pocketsphinx", "whisper", "vosk", "off"]


class StreamerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What the streamer's agent looks at and listens to."""

    camera: (
        Annotated[int, Meta(ge=0, le=99)]
        | Annotated[str, Meta(max_length=500, description="Device, file, `obs:` and a source's name; empty: none.")]
    ) = 0
    microphone: (
        Annotated[int, Meta(ge=0, le=999)]
        | Annotated[str, Meta(max_length=500, description="`default`, part of a device's name, a file; empty: none.")]
    ) = "default"
    recogniser: Annotated[RecogniserName, Meta(description="What turns speech into words on this computer.")] = (
        "pocketsphinx"
    )
    recogniser_model: Annotated[
        str, Meta(max_length=500, description="Folder of the model for whisper or vosk. Nothing is downloaded.")
    ] = ""
    frames_per_second: Annotated[
        float, Meta(ge=1, le=30, description="Frames looked at a second. Twice as many cost twice the processor time.")
    ] = 8.0
    low_priority: Annotated[bool, Meta(description="Let every other program go first, games above all.")] = True
