"""Whether the channel is live, and what the show is told of it."""

import logging
from typing import Final, Protocol

from twitchio.exceptions import HTTPException
from twitchio.ext.commands import Bot

from bot.sessions import SAME_STREAM
from lera.errors import LeraError

logger = logging.getLogger(__name__)

LAG: Final = 600.0
"""Seconds in which Twitch's list of live channels may not know yet of a stream that has begun, or has ended."""


class Listener(Protocol):
    """Who wants to know: the show."""

    def stream_online(self, title: str, category: str, started: float | None) -> None:
        """The stream is on, since `started` (seconds since 1970) where that is known."""

    def stream_offline(self) -> None:
        """The stream is over."""

    def stream_changed(self, title: str, category: str) -> None:
        """The running stream is called otherwise now."""


class Stream:
    """The channel's stream. Events tell of it, and after each new connection Twitch is asked what was missed."""

    def __init__(self, listener: Listener) -> None:
        self.live = False
        self._listener = listener
        self._named = ("", "")
        self._told = float("-inf")
        self._started: float | None = None
        # When events told of the end of the last stream, and when that had begun.
        self._over = (float("-inf"), float("-inf"))

    async def look(self, bot: Bot, channel: str, now: float) -> None:
        """Ask Twitch whether the channel is live. A fault is no news."""
        try:
            found = [stream async for stream in bot.fetch_streams(user_ids=[channel], token_for=channel, max_results=1)]
        except (HTTPException, LeraError, KeyError, ValueError):
            return
        if found:
            title, category = _short(found[0].title), _short(found[0].game_name)
            started = found[0].started_at.timestamp()
            ended, begun = self._over
            if self.live:
                self.changed(title, category)
            elif now - ended > LAG or started - begun > SAME_STREAM:
                self._begin(title, category, started)
        elif self.live and now - self._told > LAG:
            self._end()

    async def begin(self, bot: Bot, channel: str, started: float | None, now: float) -> None:
        """An event says that the stream is on; title and category are asked for, since it doesn't say them."""
        self._told = now
        if self.live:
            return
        title, category = "", ""
        try:
            information = await bot.fetch_channel(channel, token_for=channel)
            if information is not None:
                title, category = _short(information.title), _short(information.game_name)
        except (HTTPException, LeraError, KeyError, ValueError):
            logger.info("Twitch doesn't tell the stream's title now; it stays empty until it changes.")
        if not self.live:
            self._begin(title, category, started)

    def end(self, now: float) -> None:
        """An event says that the stream is over."""
        if self.live:
            # Where its start is unknown, Twitch's list is not believed about any that had begun before now.
            self._over = (now, now if self._started is None else self._started)
            self._end()

    def changed(self, title: str, category: str) -> None:
        """Title or category may be new."""
        named = (_short(title), _short(category))
        if self.live and named != self._named:
            self._named = named
            self._listener.stream_changed(*named)

    def _begin(self, title: str, category: str, started: float | None) -> None:
        self.live = True
        self._started = started
        self._named = (title, category)
        self._listener.stream_online(title, category, started)

    def _end(self) -> None:
        self.live = False
        self._listener.stream_offline()


def _short(text: object) -> str:
    return str(text or "")[:200]
