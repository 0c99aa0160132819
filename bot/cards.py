"""The share card of a running show: collected here, drawn off the event loop, and kept for some seconds."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.crowd import Mood
from bot.drawing.card import StreamMood, render_card
from bot.drawing.words import Language
from bot.history import Row
from bot.show import Show
from lera.errors import LeraError
from model.emotions import EMOTIONS


class Cards:
    """Draws a show's card. Many who ask at once get one drawing."""

    KEPT_SECONDS: Final = 5.0

    def __init__(self, show: Show) -> None:
        self._show = show
        self._kept: dict[Language, tuple[float, bytes]] = {}
        # One card at a time: drawing takes a good part of a second of a processor that a game needs, too.
        self._drawing = asyncio.Lock()

    async def png(self, language: Language = "en") -> bytes:
        """The card as it is now, or was a few seconds ago."""
        async with self._drawing:
            time, card = self._kept.get(language, (float("-inf"), b""))
            now = self._show.now()
            if not 0 <= now - time < self.KEPT_SECONDS:
                card = await asyncio.to_thread(_draw, self._show, self._show.mood, now, language)
                self._kept[language] = (now, card)
            return card


def _draw(show: Show, mood: Mood, now: float, language: Language) -> bytes:
    rows: Sequence[Row] = ()
    if show.history is not None and show.session:
        try:
            rows = show.history.rows(show.session)
        except LeraError:
            # The show has said so already; a card of right now is better than none.
            rows = ()
    found = (show.peaks.of(emotion) for emotion in EMOTIONS)
    stream = StreamMood(
        channel=show.settings.channel.name,
        title=show.sessions.title,
        date=datetime.fromtimestamp(show.started),
        started=show.started,
        now=now,
        rows=rows,
        peaks=[peak for peak in found if peak is not None],
        viewers=mood.viewers,
        shares=mood.shares,
    )
    return render_card(stream, language)
