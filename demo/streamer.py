"""The simulated streamer: sees the story before the crowd does, and tells the bot so as a streamer's agent would."""

import asyncio
import random
from typing import Final

from demo.story import Character
from lera.errors import LeraError
from model.emotions import EMOTIONS
from transport.reading import Probabilities
from transport.stage import Modality, StageAddress, StageClient

LEAD: Final = 5.0
"""Seconds by which the streamer is ahead of what viewers see; their own reaction takes about one more."""
BLUR: Final = 0.35
"""How far a voice is from saying what the face does; words are further still."""
# How often each is read: nobody talks all the time.
TALKS: Final[dict[Modality, float]] = {"face": 1.0, "voice": 0.6, "words": 0.25}
QUALITY: Final[dict[Modality, float]] = {"face": 0.9, "voice": 0.7, "words": 0.5}


async def perform(address: StageAddress, length: float) -> None:
    """Live through the story, over the stage's real socket, until cancelled."""
    client = StageClient(*address)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_run(client))
        tasks.create_task(_act(client, length))


async def _run(client: StageClient) -> None:
    try:
        await client.run()
    except LeraError as error:
        print(f"The simulated streamer stays away: {error}", flush=True)


async def _act(client: StageClient, length: float) -> None:
    loop = asyncio.get_running_loop()
    begun, chance = loop.time(), random.Random(0)
    try:
        while True:
            seven = feeling(loop.time() - begun, length)
            for modality, often in TALKS.items():
                if chance.random() < often:
                    client.post(modality, blurred(seven, modality), QUALITY[modality])
            await asyncio.sleep(client.interval)
    finally:
        await client.close()


def feeling(seconds: float, length: float) -> Probabilities:
    """What the streamer shows `seconds` into the demo: what the crowd is about to."""
    return _STREAMER.feel(seconds + LEAD + _STREAMER.delay, length)


def blurred(seven: Probabilities, modality: Modality) -> Probabilities:
    """The same as this modality tells it: a voice says less than a face, and words less than a voice."""
    part = {"face": 0.0, "voice": BLUR, "words": 2 * BLUR}[modality]
    a, b, c, d, e, f, g = ((1 - part) * share + part / len(EMOTIONS) for share in seven)
    return (a, b, c, d, e, f, g)


_STREAMER: Final = Character(2026)
