"""The `[viewer]` and `[model]` sections of config.toml."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class ViewerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How the viewer's agent looks and what it sends. The defaults keep it under a tenth of one processor core."""

    camera: (
        Annotated[int, Meta(ge=0, le=99)] | Annotated[str, Meta(min_length=1, description="Device or video file.")]
    ) = 0
    frames_per_second: Annotated[
        float, Meta(ge=1, le=30, description="Frames looked at a second. Twice as many cost twice the processor time.")
    ] = 8.0
    clip_frames: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Different frames that one reading is made of. Fewer react faster, more are steadier.",
        ),
    ] = 16
    smoothing_seconds: Annotated[
        float,
        Meta(ge=0.1, le=10, description="Age at which a frame of the clip counts 37 %. Longer is steadier and slower."),
    ] = 1.0
    change_threshold: Annotated[
        float,
        Meta(ge=0, le=1, description="Share of the seven numbers that must have moved before they are sent again."),
    ] = 0.05
    minimum_brightness: Annotated[
        float,
        Meta(ge=0, le=1, description="Mean luma of the face (0 black, 1 white) under which it is too dark to read."),
    ] = 0.12
    minimum_face_pixels: Annotated[
        int, Meta(ge=16, le=1024, description="Width of the smallest face that is read. Smaller ones read badly.")
    ] = 40
    neutral_baseline: Annotated[
        bool,
        Meta(description="Correct for how your face looks at rest, learnt in ten seconds. Not shown to help."),
    ] = False
    preview: Annotated[
        bool, Meta(description="Show what the agent sees on a page that only this machine can open.")
    ] = False
    show_me: Annotated[
        Literal["no", "seat", "name"],
        Meta(description="Be shown on the stream one by one. You are asked before, for each stream."),
    ] = "no"
    show_name: Annotated[str, Meta(max_length=100, description="The name to be shown by.")] = ""
    low_priority: Annotated[bool, Meta(description="Let every other program go first, games above all.")] = True


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which network the viewer's agent reads faces with, and what it may cost."""

    face: Annotated[
        Literal["small", "fusion"],
        Meta(description="`small` reads pictures and is shipped; `fusion` reads clips and needs weights of your own."),
    ] = "small"
    weights: Annotated[str, Meta(description="The ONNX file of `fusion`, as `python -m model export` wrote it.")] = ""
    cpu_budget: Annotated[
        float,
        Meta(
            ge=0.05,
            le=1,
            description="Share of one processor core that `fusion` may take. Less means fewer readings.",
        ),
    ] = 0.25
