"""Streams for tests and pictures: a crowd that lives through the demo's story, with pauses, quiet times and chat."""

import math
import random
from collections.abc import Iterator
from pathlib import Path

from bot.crowd import Mood, Part
from bot.disagreement import Disagreement
from bot.history import Dispute, History, Side, StreamerSecond
from demo.story import Character
from transport.reading import Probabilities

EVENING = 1_763_740_800.0
"""21 November 2025, 16:00 UTC."""


def moods(begin: float, length: float, seed: int = 0, viewers: int = 40, story: float = 2400.0) -> Iterator[Mood]:
    """One mood a second. The crowd gathers, has a break, and shrinks below the minimum for a while."""
    chance = random.Random(seed)
    cast = [Character(seed * 100 + number) for number in range(12)]
    rest, quiet = length * 0.4, length * 0.7
    for second in range(1, round(length) + 1):
        if rest <= second < rest + length * 0.03:
            continue
        here = round(viewers * (1 - math.exp(-second / (length * 0.08))) * (0.9 + 0.1 * math.sin(second / 700)))
        if quiet <= second < quiet + length * 0.02:
            here = 2
        if here < 1:
            continue
        time = begin + second
        if here < 3:
            yield Mood(time, here, 3, faces=Part(here))
            continue
        # The whole cast feels much the same within a few seconds, so it is asked every three only.
        if second % 3 == 1 or "felt" not in locals():
            told = [character.feel(second, story) for character in cast]
            felt = [sum(part) / len(cast) + chance.uniform(0, 0.03) for part in zip(*told, strict=True)]
        yield Mood(
            time,
            here,
            3,
            seven(felt),
            valence=0.1,
            arousal=0.2,
            faces=Part(here - here // 4, 0.8),
            chat=Part(here // 4, 0.2),
        )


def seven(values: list[float]) -> Probabilities:
    """Shares that sum to 1."""
    a, b, c, d, e, f, g = (value / sum(values) for value in values)
    return (a, b, c, d, e, f, g)


def keep(path: Path, begin: float, length: float, title: str = "", channel: str = "nightfox", **story: float) -> int:
    """Write a stream into the history at `path`, many seconds at once; returns its number."""
    history = History(path)
    session = history.begin(channel, begin, title, "Hollow Depths")
    history.keep((session, mood) for mood in moods(begin, length, **story))  # type: ignore[arg-type]
    history.end(session, begin + length)
    history.close()
    return session


def perform(
    path: Path, session: int, *, shown: bool = True, lag: int = 6, begin: float = 0.1, end: float = 0.9
) -> None:
    """Put a streamer's side beside a stream that was kept: from one part of it to another, the crowd 6 s behind.

    For a while in its middle nothing is known of the resonance; then it is no more than chance would be.
    """
    history, lag = History(path), 6
    rows, own = history.rows(session), []
    for place in range(round(len(rows) * begin), round(len(rows) * end)):
        time, shares = rows[place].time, rows[min(place + lag, len(rows) - 1)].shares
        part = place / len(rows)
        score = 55 + 30 * math.sin(place / 400)
        ends = (score, max(0.0, score - 14), min(100.0, score + 11), lag + 0.3 * math.sin(place / 90))
        if 0.5 < part < 0.55:
            ends = (None, None, None, None)  # type: ignore[assignment]
        elif 0.55 <= part < 0.65:
            ends = (20.0, 0.0, 45.0, None)  # type: ignore[assignment]
        felt = shares if shown else None
        own.append(StreamerSecond(time + 0.002, felt, None if felt is None else (0.6, 0.3, 0.1), *ends))
    history.keep((session, Side(second)) for second in own)
    early, late = (rows[round(len(rows) * at)].time for at in (0.3, 0.75))
    for found in (
        Disagreement(("streamer", "chat"), ("happiness", "sadness"), early),
        Disagreement(("faces", "chat"), ("surprise", "fear"), late),
    ):
        history.add_stage(session, None, [Dispute(found, found.since + 75)])
    history.close()


def season(path: Path, last: float = 7380.0) -> int:
    """Five evenings of a channel, the last one `last` seconds long; returns its number."""
    titles = [
        "First steps in the dark",
        "Lost in the mushroom caves",
        "The bridge (no deaths this time)",
        "Speedrun practice",
    ]
    for number, title in enumerate(titles):
        keep(
            path,
            EVENING + number * 86_400,
            2400.0 + 300 * number,
            title,
            seed=number + 1,
            viewers=24 + 3 * number,
            story=3600.0 + 700 * number,
        )
    return keep(path, EVENING + 4 * 86_400, last, "BOSS NIGHT: we fight the Lantern King", seed=9)
