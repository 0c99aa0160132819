"""The secrets that open a show: the streamer's key, the overlay's key, and the join link's token."""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from typing import Final, Literal, get_args

from lera.redaction import hide
from lera.vault import STREAMER_KEY, channel_secret, keep_secret, secret

Power = Literal["overlay", "streamer"]
"""What a key may: `overlay` reads the mood, `streamer` everything."""
Secret = Literal["overlay", "streamer", "join"]

SECRETS: Final[tuple[Secret, ...]] = get_args(Secret)
# The token's name is older than the other two.
_NAMES: Final[dict[Secret, str]] = {"overlay": "overlay-key", "streamer": STREAMER_KEY, "join": "join-token"}


class Keys:
    """The three secrets of one channel. The join token only joins; it is no key to any page."""

    def __init__(
        self,
        join: str | None = None,
        streamer: str | None = None,
        overlay: str | None = None,
        keep: Callable[[Secret, str], None] | None = None,
    ) -> None:
        """Those not given are made. `keep` writes a renewed one down; without it they live as long as this object."""
        self._secrets: dict[Secret, str] = {
            "join": join or make_secret("join"),
            "streamer": streamer or make_secret("streamer"),
            "overlay": overlay or make_secret("overlay"),
        }
        self._keep = keep
        # Renewed in threads: what is kept and what holds must be the same.
        self._renewing = threading.Lock()
        self._hide()

    @property
    def join(self) -> str:
        """The token in the join link."""
        return self._secrets["join"]

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
        for each in (self.streamer, self.overlay, self.cookie("streamer"), self.cookie("overlay"), self.join):
            hide(each)

    @staticmethod
    def _match(given: str, streamer: str, overlay: str) -> Power | None:
        text = given.encode("utf-8", "replace")
        is_streamer = hmac.compare_digest(text, streamer.encode())
        is_overlay = hmac.compare_digest(text, overlay.encode())
        return "streamer" if is_streamer else "overlay" if is_overlay else None


def kept_keys(channel: str, renew: tuple[Secret, ...] = ()) -> Keys:
    """The channel's keys, made and kept in the keyring on first use; those in `renew` anew. Raises LeraError."""

    def keep(name: Secret, value: str) -> None:
        keep_secret(channel_secret(_NAMES[name], channel), value)

    found: dict[Secret, str] = {}
    for name in SECRETS:
        kept = None if name in renew else secret(channel_secret(_NAMES[name], channel))
        if kept is None:
            kept = make_secret(name)
            keep(name, kept)
        found[name] = kept
    return Keys(found["join"], found["streamer"], found["overlay"], keep)


def make_secret(name: Secret) -> str:
    """A fresh one: 144 random bits for the link that people hand around, 192 for the keys."""
    return secrets.token_urlsafe(18 if name == "join" else 24)
