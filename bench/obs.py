"""How late the show's event loop runs while OBS is absent, silent or answers with nonsense, against a show without it.

    python -m bench.obs

Each show has the same crowd. A clock in its loop asks to be woken every few milliseconds and notes how late it is; what
held up the loop shows there. Every kind is measured in turn in one run, several times; the medians count.
"""

import argparse
import asyncio
import contextlib
import logging
import random
import socket
import time
from collections.abc import AsyncIterator
from statistics import median

from bot.obs.rules import checked
from bot.obs.settings import ReactionSettings
from bot.settings import ChannelSettings, ChatSettings, Settings
from bot.show import Show
from lera.obs.settings import ObsSettings
from model.emotions import EMOTIONS
from transport.reading import Reading

KINDS = ("none", "absent", "silent")
EVERY = 0.005
VIEWERS = 300


def main() -> None:
    """Print how late each kind is, and its ratio to a show without OBS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default 8)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each; the median counts (default 5)")
    arguments = parser.parse_args()
    # Its one line about OBS would stand between the figures.
    logging.disable(logging.ERROR)
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for number in range(arguments.rounds):
        for kind in random.sample(KINDS, len(KINDS)):
            found[kind].append(asyncio.run(lateness(kind, arguments.seconds)))
            half, most = found[kind][-1]
            print(f"round {number + 1}, {kind:6}: median {half:6.0f} µs, 99 % within {most:6.0f} µs", flush=True)
    medians = {kind: tuple(median(values) for values in zip(*found[kind], strict=True)) for kind in KINDS}
    print(f"How late the loop of a show with {VIEWERS} viewers is, medians of {arguments.rounds} rounds:")
    for kind, words in (
        ("none", "without OBS (baseline)"),
        ("absent", "OBS wanted, port closed"),
        ("silent", "OBS wanted, port silent"),
    ):
        half, most = medians[kind]
        print(
            f"  {words:24} median {half:6.0f} µs  {half / medians['none'][0]:5.2f}"
            f"    99 % {most:6.0f} µs  {most / medians['none'][1]:5.2f}"
        )


async def lateness(kind: str, seconds: float) -> tuple[float, float]:
    """µs that a show's loop is late: the median, and what 99 of 100 stay under."""
    async with obs(kind) as settings:
        rule = ReactionSettings(when="share", emotion="happiness", above=0.3, do="scene", scene="Party")
        show = Show(
            Settings(
                channel=ChannelSettings("bench"),
                chat=ChatSettings(enabled=False),
                obs=settings,
                reaction=checked([("bench", rule)]) if settings.enabled else (),
            ),
            "bench",
            None,
            time.time,
        )
        running = asyncio.create_task(show.run())
        crowd = asyncio.create_task(_play(show))
        # The first try imports the library; that is part of it.
        late = await _clock(seconds)
        for task in (crowd, running):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    late.sort()
    return 1e6 * late[len(late) // 2], 1e6 * late[int(0.99 * len(late))]


@contextlib.asynccontextmanager
async def obs(kind: str) -> AsyncIterator[ObsSettings]:
    """What the show is told of OBS, and what it finds there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if kind == "absent":
            server.close()
        yield ObsSettings(enabled=kind != "none", port=port, timeout=1.0)


async def _play(show: Show) -> None:
    """A crowd whose readings come one by one, each once a second."""
    dice = random.Random(1)
    while True:
        for number in range(VIEWERS):
            weights = [dice.random() for _ in EMOTIONS]
            happiness, sadness, neutral, anger, surprise, disgust, fear = (each / sum(weights) for each in weights)
            seven = (happiness, sadness, neutral, anger, surprise, disgust, fear)
            show.take(Reading(f"{number:022}", "face", show.now(), seven, 0.9))
            if number % 10 == 9:
                await asyncio.sleep(10 / VIEWERS)


async def _clock(seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    late = []
    end = loop.time() + seconds
    while (due := loop.time() + EVERY) < end:
        await asyncio.sleep(EVERY)
        late.append(max(loop.time() - due, 0.0))
    return late


if __name__ == "__main__":
    main()
