"""Every setting of the bot: its type, range and default. config.toml explains them to people."""

import ipaddress
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from bot.command_settings import CommandSettings, fault_in
from bot.obs.rules import Rule, checked
from bot.obs.settings import ReactionSettings
from bot.privacy import PrivacySettings
from bot.tiles import TileSettings
from bot.twitch.settings import TwitchSettings
from bot.virtual_camera.settings import VirtualCameraSettings
from lera.configuration import Configuration, read_configuration
from lera.errors import LeraError
from lera.folders import data_folder
from lera.logs import LogSettings
from lera.obs.settings import ObsSettings
from transport.desk import HubSettings
from transport.link import join_link, parse_link
from transport.reading import Channel
from transport.sheet_account import SheetSettings


class ChannelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[channel]`: whose stream it is."""

    name: Channel = "my-channel"


class CrowdSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[crowd]`: how readings become a mood."""

    minimum_viewers: Annotated[int, Meta(ge=1, le=1000)] = 3
    expiry: Annotated[float, Meta(ge=5, le=600)] = 15.0
    trim: Annotated[float, Meta(ge=0, le=0.25)] = 0.02


class WebSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[web]`: where overlay, dashboard and hub are served."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8765
    public_port: Annotated[int, Meta(ge=0, le=65535)] = 8766
    public_url: str = ""
    trusted_addresses: tuple[str, ...] = ()
    pages_per_second: Annotated[float, Meta(gt=0, le=100_000)] = 100.0

    @property
    def here(self) -> str:
        """Host and port by which this machine itself reaches the bot, as in "127.0.0.1:8765"."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"{f'[{host}]' if ':' in host else host}:{self.port}"


class ChatSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[chat]`: how `!mood` answers, and how what chat writes counts."""

    prefix: Annotated[str, Meta(min_length=1, max_length=5, pattern=r"^\S+$")] = "!"
    user_cooldown: Annotated[float, Meta(ge=0, le=3600)] = 10.0
    channel_cooldown: Annotated[float, Meta(ge=0, le=3600)] = 3.0
    enabled: bool = True
    weight: Annotated[float, Meta(ge=0.05, le=4)] = 0.5
    half_life: Annotated[float, Meta(ge=1, le=600)] = 20.0
    expiry: Annotated[float, Meta(ge=5, le=3600)] = 60.0
    bots: tuple[str, ...] = (
        "nightbot", "streamelements", "streamlabs", "moobot", "fossabot", "wizebot", "soundalerts", "sery_bot",
    )  # fmt: skip


class StreamerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[streamer]`: what is told of the streamer's own mood, where an agent reads it."""

    show: bool = True


class HistorySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[history]`: what is remembered of a stream, and for how long."""

    enabled: bool = True
    folder: str = ""
    keep_days: Annotated[int, Meta(ge=1, le=36_500)] = 365

    @property
    def file(self) -> Path:
        """Where the bot writes it, and the report reads it."""
        return (Path(self.folder) if self.folder else data_folder()) / "history.sqlite3"


class Settings(Struct, frozen=True):
    """All of the bot's settings, one field for each table of config.toml."""

    channel: ChannelSettings = ChannelSettings()
    crowd: CrowdSettings = CrowdSettings()
    hub: HubSettings = HubSettings()
    web: WebSettings = WebSettings()
    virtual_camera: VirtualCameraSettings = VirtualCameraSettings()
    chat: ChatSettings = ChatSettings()
    commands: CommandSettings = CommandSettings()
    streamer: StreamerSettings = StreamerSettings()
    history: HistorySettings = HistorySettings()
    sheet: SheetSettings = SheetSettings()
    privacy: PrivacySettings = PrivacySettings()
    tiles: TileSettings = TileSettings()
    twitch: TwitchSettings = TwitchSettings()
    obs: ObsSettings = ObsSettings()
    log: LogSettings = LogSettings()
    reaction: tuple[Rule, ...] = ()


def settings_from(configuration: Configuration) -> Settings:
    """The bot's settings. Raises LeraError with the line and the mend."""
    chat = configuration.section("chat", ChatSettings)
    commands = configuration.section("commands", CommandSettings)
    fault = fault_in(commands, chat.prefix)
    if fault is not None:
        raise configuration.fault("commands", *fault)
    web = configuration.section("web", WebSettings)
    fault = _fault_in(web)
    if fault is not None:
        raise configuration.fault("web", *fault)
    return Settings(
        channel=configuration.section("channel", ChannelSettings),
        crowd=configuration.section("crowd", CrowdSettings),
        hub=configuration.section("hub", HubSettings),
        web=web,
        virtual_camera=configuration.section("virtual_camera", VirtualCameraSettings),
        chat=chat,
        commands=commands,
        streamer=configuration.section("streamer", StreamerSettings),
        history=configuration.section("history", HistorySettings),
        sheet=configuration.section("sheet", SheetSettings),
        privacy=configuration.section("privacy", PrivacySettings),
        tiles=configuration.section("tiles", TileSettings),
        twitch=configuration.section("twitch", TwitchSettings),
        obs=configuration.section("obs", ObsSettings),
        log=configuration.section("log", LogSettings),
        reaction=checked(configuration.tables("reaction", ReactionSettings)),
    )


def _fault_in(web: WebSettings) -> tuple[str, str] | None:
    """The setting that is wrong though its type is right, and what is wrong; None when all are well."""
    if web.port == web.public_port:
        # The one of them that is in the file: the other may be as it is by default.
        mine, other = ("public_port", "port") if web.port == WebSettings().port else ("port", "public_port")
        return mine, f"is {web.port}, as {other} is: each needs its own"
    if web.public_url:
        try:
            # Every link that is given to viewers begins with it, and their agents read links strictly.
            parse_link(join_link(web.public_url.rstrip("/"), "channel", "token"))
        except LeraError:
            return "public_url", 'must be such as "https://mood.example"'
    for each in web.trusted_addresses:
        try:
            # As a connection tells it: no name, no network, and in no other spelling.
            right = str(ipaddress.ip_address(each))
        except ValueError:
            return "trusted_addresses", f'has {each!r}: each must be the address of one machine, such as "192.168.1.20"'
        if right != each:
            return "trusted_addresses", f"has {each!r}: write {right!r}"
    return None


def read_settings(path: Path | None = None) -> Settings:
    """The bot's settings from a config.toml. Raises LeraError."""
    return settings_from(read_configuration(path))
