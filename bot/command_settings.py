"""The commands that there are, who may use each, and how `[commands]` of config.toml changes that."""

import difflib
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct, field

from bot.language import LanguageName, emotion_of, fault_of, folded

Role = Literal["broadcaster", "moderator", "vip", "subscriber", "everyone"]
"""From the one who may do most to those who may do least."""

WORDS: Final = (
    "trend", "peak", "resonance", "me", "privacy", "help", "feel", "link", "forget",
    "pause", "resume", "reset", "overlay", "say", "clip", "ban", "unban",
)  # fmt: skip
"""What may stand behind `!mood`, besides an emotion."""
COMMANDS: Final = ("mood", "emotion", *WORDS)
"""The names of the commands in settings: `mood` stands alone, `emotion` has an emotion behind it."""
MODERATORS: Final = ("pause", "resume", "reset", "overlay", "say", "clip", "ban", "unban")

_ROLES: Final = get_args(Role)


class CommandSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[commands]`: the language of answers, who may ask for what, and announcements."""

    language: LanguageName = "en"
    aliases: dict[str, str] = {}
    roles: dict[str, str] = field(default_factory=lambda: dict.fromkeys(MODERATORS, "moderator"))
    cooldowns: dict[str, Annotated[float, Meta(ge=0, le=3600)]] = {}
    texts: dict[str, Annotated[str, Meta(max_length=300)]] = {}
    announce: bool = False
    announce_minutes: Annotated[float, Meta(ge=1, le=1440)] = 10.0

    def may(self, command: str, role: Role) -> bool:
        """Whether somebody in this role may use the command."""
        needed = self.roles.get(command, "moderator" if command in MODERATORS else "everyone")
        return _ROLES.index(role) <= _ROLES.index(needed)


def fault_in(settings: CommandSettings, prefix: str) -> tuple[str, str] | None:
    """What the types can't tell: the setting that is wrong, as in "roles.pause", and why; None when all is well."""
    for table, names in (("roles", settings.roles), ("cooldowns", settings.cooldowns)):
        for name in names:
            if name not in COMMANDS:
                return f"{table}.{name}", f"there is no command `{name}`;{_meant(name, COMMANDS)}"
    for name, role in settings.roles.items():
        if role not in _ROLES:
            return f"roles.{name}", f"must be one of {', '.join(_ROLES)}, not `{role}`"
    for alias, meaning in settings.aliases.items():
        complaint = _fault_of_alias(alias, meaning, prefix)
        if complaint:
            return f"aliases.{alias}", complaint
    for text, template in settings.texts.items():
        complaint = fault_of(text, template)
        if complaint:
            return f"texts.{text}", complaint
    return None


def _fault_of_alias(alias: str, meaning: str, prefix: str) -> str | None:
    if alias.startswith(prefix):
        return f"must be written without the {prefix} in front"
    if not alias or alias.split() != [alias] or folded(alias) != folded(alias).strip() or not folded(alias):
        return "must be one word"
    if folded(alias) in ("mood", "feel"):
        return "is a command of its own; choose another word"
    first, *rest = [folded(word) for word in meaning.split()] or [""]
    if first == "mood" and (not rest or rest[0] in WORDS or emotion_of(rest[0])):
        return None
    if first == "feel" and (not rest or emotion_of(rest[0])):
        return None
    return f'must stand for a command, as in "mood peak" or "feel joy", not for `{meaning}`'


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f" did you mean `{close[0]}`?" if close else f" known are {', '.join(known)}"
