"""`[twitch]` of config.toml."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

SharedChat = Literal["ignore", "commands", "all"]


class TwitchSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[twitch]`: the app that LERA logs in as, and what it may do. Tokens are never here, but in the keyring."""

    enabled: bool = True
    client_id: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9]*$")] = ""
    clips: bool = True
    markers: bool = False
    shared_chat: SharedChat = "ignore"
