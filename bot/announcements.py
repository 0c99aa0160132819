"""Saying in chat, unasked, that the crowd's mood has changed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lera.errors import LeraError

if TYPE_CHECKING:
    from bot.show import Show

logger = logging.getLogger(__name__)


async def announce(show: Show) -> None:
    """Look once a second and say what the announcer finds worth it, until cancelled."""
    while True:
        await asyncio.sleep(1.0)
        change = show.announcer.look(show.mood) if show.sessions.running and not show.paused else None
        if change is None:
            continue
        line = show.commands.announcement(show.mood, *change)
        try:
            if show.platform is None:
                logger.info("For chat: %s", line)
            else:
                await show.platform.say(line)
        except LeraError as error:
            logger.warning("%s An announcement was left out.", error)
