"""The secrets of a show: the streamer's key, the overlay's key, what join links are signed with, what hides persons."""

import hashlib
import hmac
import logging
import secrets
import threading
from collections.abc import Callable
from typing import Final, Literal, get_args

from lera.redaction import hide
from lera.vault import STREAMER_KEY, channel_secret, keep_secret, secret

logger = logging.getLogger(__name__)

Power = Literal["overlay", "streamer"]
"""What a key may: `overlay` reads the mood, `streamer` everything."""
Secret = Literal["overlay", "streamer", "join"]

SECRETS: Final[tuple[Secret, ...]] = get_args(Secret)
_NAMES: Final[dict[Secret, str]] = {"overlay": "overlay-key", "streamer": STREAMER_KEY, "join": "join-seed"}
_PERSON: Final = "person-key"
# Older versions put this one into the link itself, so that it must sign nothing.
_OLD_JOIN: Final = "join-token"


class Keys:
    """The secrets of one channel. The seed of join links stands in none of them, and is no key to any page."""

    def __init__(
        self,
        join: str | None = None,
        streamer: str | None = None,
        overlay: str | None = None,
        keep: Callable[[Secret, str], None] | None = None,
        person: str | None = None,
        used: bool = False,
    ) -> None:
        """Those not given are made. `keep` writes a renewed one down; without it they live as long as this object.

        `used`: a bot has started with them before, so that there is a list of links and bans.
        """
        self.used = used
        self._secrets: dict[Secret, str] = {
            "join": join or make_secret("join"),
            "streamer": streamer or make_secret("streamer"),
            "overlay": overlay or make_secret("overlay"),
        }
        self._keep = keep
        self._person = person or make_secret("join")
        # Renewed in threads: what is kept and what holds must be the same.
        self._renewing = threading.Lock()
        self._hide()

    @property
    def join(self) -> str:
        """What join links are signed with."""
        return self._secrets["join"]

    @property
    def seed(self) -> bytes:
        """The same, as the 32 bytes that a `TokenMaker` takes."""
        return hashlib.blake2b(self.join.encode(), digest_size=32, person=b"LERA join seed").digest()

    @property
    def person(self) -> bytes:
        """The key under which persons in chat are kept, so that nobody can look one up by trying names and ids.

        It is never renewed: with it all bans would be lost.
        """
        return hashlib.blake2b(self._person.encode(), digest_size=32, person=b"LERA person").digest()

    @property
    def streamer(self) -> str:
        """The key to everything."""
        return self._secrets["streamer"]

    @property
    def overlay(self) -> str:
        """The key to the mood alone."""
        return self._secrets["overlay"]

    def power_of(self, key: str) -> Power | None:
        """What a key may. Both are compared in full, so that the time taken tells nothing about either."""
        return self._match(key, self.streamer, self.overlay)

    def cookie(self, power: Power) -> str:
        """What a browser carries in a key's place: made from the key, so that nothing is stored and renewal ends it."""
        key = self._secrets[power].encode()
        return hmac.new(key, f"session:{power}".encode(), hashlib.sha256).hexdigest()

    def power_of_cookie(self, cookie: str) -> Power | None:
        """What a browser's cookie may."""
        return self._match(cookie, self.cookie("streamer"), self.cookie("overlay"))

    def renew(self, name: Secret) -> None:
        """Make one anew; the old one and all that was made from it is worthless from now on. Raises LeraError."""
        fresh = make_secret(name)
        with self._renewing:
            if self._keep is not None:
                self._keep(name, fresh)
            self._secrets[name] = fresh
        self._hide()

    def _hide(self) -> None:
        cookies = (self.cookie("streamer"), self.cookie("overlay"))
        for each in (self.streamer, self.overlay, *cookies, self.join, self._person):
            hide(each)

    @staticmethod
    def _match(given: str, streamer: str, overlay: str) -> Power | None:
        text = given.encode("utf-8", "replace")
        is_streamer = hmac.compare_digest(text, streamer.encode())
        is_overlay = hmac.compare_digest(text, overlay.encode())
        return "streamer" if is_streamer else "overlay" if is_overlay else None


def kept_key(channel: str, name: Secret, renew: bool = False) -> str:
    """One of the channel's keys, made and kept in the keyring on first use. Raises LeraError."""
    kept = None if renew else secret(channel_secret(_NAMES[name], channel))
    if kept is None:
        kept = make_secret(name)
        keep_secret(channel_secret(_NAMES[name], channel), kept)
    return kept


def kept_keys(channel: str, renew: tuple[Secret, ...] = ()) -> Keys:
    """All of the channel's keys, made and kept in the keyring on first use; those in `renew` anew. Raises LeraError."""

    def keep(name: Secret, value: str) -> None:
        keep_secret(channel_secret(_NAMES[name], channel), value)

    found = {name: kept_key(channel, name, name in renew) for name in SECRETS}
    person = secret(channel_secret(_PERSON, channel))
    used = person is not None
    if person is None:
        person = make_secret("join")
        keep_secret(channel_secret(_PERSON, channel), person)
    if secret(channel_secret(_OLD_JOIN, channel)) is not None:
        keep_secret(channel_secret(_OLD_JOIN, channel), None)
        logger.warning("Join links are signed now, so your old link has ended: give viewers the new one.")
    return Keys(found["join"], found["streamer"], found["overlay"], keep, person, used)


def found_keys(channel: str) -> Keys | None:
    """The channel's keys as a bot has kept them; None before its first start, and none are made. Raises LeraError."""
    found = {name: secret(channel_secret(_NAMES[name], channel)) for name in SECRETS}
    person = secret(channel_secret(_PERSON, channel))
    if person is None or None in found.values():
        return None
    return Keys(found["join"], found["streamer"], found["overlay"], None, person, used=True)


def make_secret(name: Secret) -> str:
    """A fresh one: 256 random bits for the seed of join links, 192 for the keys."""
    return secrets.token_urlsafe(32 if name == "join" else 24)
