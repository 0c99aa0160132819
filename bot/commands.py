"""What chat gets for `!mood` and `!feel`. Pure: the same code answers the terminal, the demo and every platform."""

import hashlib
import secrets
from typing import Final

from bot.asking import Asker, ClipWanted, Felt, Stage
from bot.command_settings import WORDS, CommandSettings, Role
from bot.cooldowns import Cooldowns, Pace
from bot.crowd import Mood
from bot.language import JOINER, Language, emotion_of, folded, one_line, plain
from bot.telling import Telling, clock, percent
from model.emotions import EMOTIONS

__all__ = ["Asker", "ClipWanted", "Commands", "Felt", "Role", "Stage"]

MAX_LENGTH: Final = 200
MAX_LINE: Final = 120
"""Characters of a line on the overlay."""
MAX_NAME: Final = 50
LINE_SECONDS: Final = 10.0

# What has no pace is done at once: what moderators do must not wait for what chat asks.
_PACES: Final[dict[str, Pace]] = {
    "mood": "question",
    "emotion": "question",
    "trend": "question",
    "peak": "question",
    "resonance": "question",
    "me": "question",
    "privacy": "question",
    "help": "question",
    "unknown": "nonsense",
    "feel": "vote",
    "link": "own",
    "forget": "own",
}
_QUESTIONS_OF_A_MOOD: Final = ("mood", "emotion", "trend", "peak", "resonance", "me")


class Commands:
    """Answers `!mood …` and `!feel …`, one friendly line of at most 200 characters, or nothing while it cools down."""

    SUBCOMMANDS: Final = WORDS

    def __init__(
        self,
        stage: Stage,
        prefix: str = "!",
        user_cooldown: float = 10.0,
        channel_cooldown: float = 3.0,
        settings: CommandSettings | None = None,
    ) -> None:
        """`settings` must have passed `command_settings.fault_in`."""
        self.settings = settings or CommandSettings()
        self.language = Language(self.settings.language, self.settings.texts)
        self.telling = Telling(self.language)
        self._stage = stage
        self._prefix = plain(prefix)
        self._shown = {"mood": f"{prefix}mood", "feel": f"{prefix}feel"}
        self._aliases = {folded(alias): meaning.split() for alias, meaning in self.settings.aliases.items()}
        self._cooldowns = Cooldowns(user_cooldown, channel_cooldown, self.settings.cooldowns)
        # Who asked when is kept under keys of this run, which tell nobody's name or id.
        self._secret = secrets.token_bytes(16)

    def answer(self, text: str, asker: Asker, now: float) -> str | ClipWanted | None:
        """The reply to one chat message; None when it is no command, or not the time or the asker's to give it."""
        order = self._order(text)
        if order is None:
            return None
        command, rest = order
        if command != "unknown" and not self.settings.may(command, asker.role):
            return None
        pace = _PACES.get(command)
        may = asker.role == "broadcaster" or self._cooldowns.allow(self._key(asker), command, pace, now)
        # Votes count and the forgotten are forgotten at any time; only the answer to it may be left out.
        if not may and command not in ("feel", "forget"):
            return None
        reply = self._reply(command, rest, asker, now)
        return reply if may else None

    def clipped(self, asker: Asker, url: str) -> str:
        """The reply once a clip is made."""
        return self._say("clip", asker, url=url)

    def no_clip(self, asker: Asker, reason: str = "", busy: bool = False) -> str:
        """The reply when there is no clip: the platform's reason, or that one is being made, or no platform."""
        if busy:
            return self._say("clip_busy", asker)
        return self._say("clip_failed", asker, reason=reason) if reason else self._say("clip_needs_platform", asker)

    def announcement(self, mood: Mood, before: str, emotion: str) -> str:
        """The line that says, to nobody in particular, that another emotion leads than before."""
        values = self.telling.values(mood, emotion) | {"before": self.language.looks_of(before)}
        return self._say("announcement", Asker(""), **values)

    def _order(self, text: str) -> tuple[str, str] | None:
        """The command and what stands behind it, or None for any other chat."""
        first = text.lstrip()[:1]
        if first.isprintable() and plain(first)[:1] != self._prefix[:1]:
            # Nearly all of a busy chat ends here; what doesn't is looked at letter by letter.
            return None
        words = one_line(text).split(" ", 2)
        name = folded(words[0].replace(JOINER, ""))
        if not name.startswith(self._prefix):
            return None
        name = name.removeprefix(self._prefix)
        if name in self._aliases:
            words = " ".join([*self._aliases[name], *words[1:]]).split(" ", 2)
            name = folded(words[0])
        else:
            words[0] = name
        if name == "feel":
            return "feel", " ".join(words[1:])
        if name != "mood":
            return None
        word = folded(words[1].replace(JOINER, "")) if len(words) > 1 else ""
        if not word:
            return "mood", ""
        if word in WORDS:
            return word, words[2] if len(words) > 2 else ""
        emotion = emotion_of(word)
        return ("emotion", emotion) if emotion else ("unknown", "")

    def _reply(self, command: str, rest: str, asker: Asker, now: float) -> str | ClipWanted:
        stage = self._stage
        if stage.paused and command in (*_QUESTIONS_OF_A_MOOD, "feel"):
            return self._say("resting", asker)
        match command:
            case "mood" | "emotion" | "trend":
                return self._crowd(command, rest, asker, now)
            case "peak":
                return self._peak(asker, now)
            case "resonance":
                return self._resonance(asker, now)
            case "me":
                return self._own(asker)
            case "privacy" if stage.noise.on:
                told = stage.noise
                values = {
                    "epsilon": f"{told.epsilon:.3g}",
                    "seconds": f"{told.seconds:g}",
                    "spent": f"{told.spent:.3g}",
                }
                return self._say("privacy_noise", asker, **values)
            case "feel":
                return self._feel(rest, asker)
            case "link":
                return self._link(rest, asker)
            case "forget":
                stage.forget_chatter(asker)
                return self._say("forgotten", asker)
            case "help":
                may_pause = self.settings.may("pause", asker.role)
                return self._say("help_moderators" if may_pause else "help", asker)
            case "pause" | "resume":
                stage.pause(command == "pause")
                return self._say("paused" if command == "pause" else "resumed", asker)
            case "reset":
                stage.reset()
                return self._say("reset", asker)
            case "overlay":
                return self._overlay(folded(rest), asker)
            case "say":
                return self._line(rest, asker)
            case "ban" | "unban":
                return self._ban(command, rest, asker)
            case "clip":
                return ClipWanted(asker)
        return self._say(command, asker)

    def _crowd(self, command: str, emotion: str, asker: Asker, now: float) -> str:
        mood = self._stage.mood
        if mood.shares is None:
            values = {"viewers": str(mood.viewers), "minimum": str(mood.minimum_viewers)}
            return self._say("gathering", asker, **values)
        # Behind `trend` may stand whatever somebody has typed there.
        values = self.telling.values(mood, emotion if command == "emotion" else None)
        if command == "trend":
            text = "trend_unknown" if mood.trend is None else "trend" if self.telling.trend(mood) else "trend_steady"
        elif command == "mood":
            text = "mood_mixed" if mood.faces.part and mood.chat.part else "mood"
        else:
            peak = self._stage.peaks.of(emotion)
            text = "emotion_peak" if peak else "emotion"
            if peak:
                values |= {"peak": percent(peak.share), "ago": self.telling.ago(now - peak.time)}
        return self._say(text, asker, **values)

    def _peak(self, asker: Asker, now: float) -> str:
        peak = self._stage.peaks.strongest()
        if peak is None:
            return self._say("peak_unknown", asker)
        values = {
            "emotion": self.language.name_of(peak.emotion),
            "share": percent(peak.share),
            "ago": self.telling.ago(now - peak.time),
            "into": clock(peak.time - self._stage.started),
        }
        dispute = self._stage.streamer_side.dispute_at(peak.time)
        if dispute is None:
            return self._say("peak", asker, **values)
        return self._say("peak_disputed", asker, **values, sides=self.telling.sides(dispute))

    def _resonance(self, asker: Asker, now: float) -> str:
        found = self._stage.streamer_side.resonating(now)
        if found is None:
            return self._say("resonance_absent", asker)
        if found.score is None or found.low is None or found.high is None:
            return self._say("resonance_unknown", asker)
        values = {"score": f"{found.score:.0f}", "low": f"{found.low:.0f}", "high": f"{found.high:.0f}"}
        if found.lag is None:
            return self._say("resonance_unsure", asker, **values)
        return self._say("resonance", asker, **values, lag=f"{found.lag:.0f}")

    def _own(self, asker: Asker) -> str:
        if asker.viewer is None:
            return self._say("me_unlinked", asker)
        own = self._stage.reading_of(asker.viewer)
        if own is None:
            return self._say("me_away", asker)
        if not self._stage.may_tell(asker.viewer):
            return self._say("me_private", asker)
        share, emotion = max(zip(own, EMOTIONS, strict=True))
        values = {"emotion": self.language.name_of(emotion), "share": percent(share)}
        return self._say("me", asker, ranking=self.telling.ranking(own, 2), **values)

    def _feel(self, word: str, asker: Asker) -> str:
        emotion = emotion_of(word.split(None, 1)[0]) if word.strip() else None
        if emotion is None:
            return self._say("feel_how", asker)
        became = self._stage.feel(asker, emotion)
        text = {"counted": "feel", "face": "feel_face", "off": "feel_off"}[became]
        values = {} if became == "off" else {"emotion": self.language.name_of(emotion)}
        return self._say(text, asker, **values)

    def _link(self, code: str, asker: Asker) -> str:
        if not code.strip():
            return self._say("link_how", asker)
        return self._say("linked" if self._stage.link(asker, code) else "link_wrong", asker)

    def _overlay(self, word: str, asker: Asker) -> str:
        if word not in ("on", "off"):
            return self._say("overlay_how", asker)
        self._stage.show_overlay(word == "on")
        return self._say(f"overlay_{word}", asker)

    def _ban(self, command: str, rest: str, asker: Asker) -> str:
        name = one_line(rest).split(" ", 1)[0].removeprefix("@")
        if not name:
            return self._say(f"{command}_how", asker)
        name = name[:MAX_NAME]
        if command == "ban":
            return self._say("banned" if self._stage.roster.ban(name) else "ban_unknown", asker, name=name)
        return self._say("unbanned" if self._stage.roster.unban(name) else "unban_unknown", asker, name=name)

    def _line(self, line: str, asker: Asker) -> str:
        line = one_line(line)
        if not 0 < len(line) <= MAX_LINE:
            return self._say("say_how", asker, limit=str(MAX_LINE))
        if not self._stage.show_line(line, LINE_SECONDS):
            return self._say("overlay_hidden", asker)
        return self._say("said", asker, text=line, seconds=f"{LINE_SECONDS:g}")

    def _say(self, text: str, asker: Asker, /, **values: str) -> str:
        user = one_line(asker.name)[:MAX_NAME]
        return _fitting(self.language.say(text, user=user, **self._shown, **values))

    def _key(self, asker: Asker) -> str:
        who = f"id {asker.id}" if asker.id else f"name {asker.name}"
        return hashlib.blake2b(who.encode("utf-8", "replace"), key=self._secret, digest_size=12).hexdigest()


def _fitting(text: str) -> str:
    """At most MAX_LENGTH characters, cut at a word: names come from outside and may be long."""
    if len(text) <= MAX_LENGTH:
        return text
    return text[: MAX_LENGTH - 1].rsplit(" ", 1)[0][: MAX_LENGTH - 1] + "…"
