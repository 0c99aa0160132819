"""A machine that can't keep up with its viewers: all lose alike, the overlay goes on, and it recovers."""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from statistics import fmean, median

import aiohttp
import pytest

from bench.tools.viewers import Target, viewers
from bot.health import health
from tests.bot.stage import Theatre, eventually, theatre
from transport.reading import Reading

VIEWERS = 60
INTERVAL = 0.25
COST = 0.0075
"""Seconds for each reading that is counted: with it, all readings would take nearly twice the time there is.

Few viewers, whose readings take long without any work: how much work there is for a machine that is busy with other
things as well would be anybody's guess.
"""


async def frames_in(stage: Theatre, seconds: float) -> int:
    """How many moods an overlay gets in so many seconds."""
    count = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), stage.session.ws_connect("/live") as page:
            async for message in page:
                count += message.json()["type"] == "mood"
    return count


@pytest.mark.slow
async def test_overload_is_shed_alike_while_the_overlay_goes_on_and_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with theatre(interval=INTERVAL, join_burst=1000, joins_per_second=1000.0) as stage:
        show = stage.show
        heard: Counter[str] = Counter()
        took: list[float] = []
        take = show.crowd.take

        def take_slowly(reading: Reading, now: float) -> bool:
            begun = time.perf_counter()
            time.sleep(COST)
            took.append(time.perf_counter() - begun)
            heard[reading.viewer] += 1
            return take(reading, now)

        monkeypatch.setattr(show.crowd, "take", take_slowly)
        target = Target(int(stage.address.rsplit(":", 1)[1]), "demo", show.access.token(show.now()))
        with viewers(target, VIEWERS) as load:
            await asyncio.to_thread(lambda: list(load.joined()))
            load.send_every(INTERVAL)
            await eventually(lambda: show.hub.load.level > 0 and show.desk.counts["shed"] > 0, 60)

            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stage.session.ws_connect("/hub")
            assert refused.value.status == 503, "nobody new comes in"
            line = next(each for each in health(show, 1) if each.name == "viewers")
            assert line.state == "bad" and "run.py hub" in line.mend

            # Until what had piled up is read.
            await asyncio.sleep(5.0)
            heard.clear()
            took.clear()
            frames = await frames_in(stage, 16.0)
            counts = sorted(heard.values())
            assert len(counts) == VIEWERS, "everybody is heard"
            # Each has had one or two turns of some readings: a few more or less are chance.
            assert 4 * counts[0] >= median(counts) >= counts[-1] / 3, "and nobody far more often than others"
            # Two a second at least, on a machine that does nothing else; others show how slow they are.
            assert frames >= 32 * COST / fmean(took), "moods go on"
            load.send_every(0)
        # What waits in the buffers of those who have gone is still read: until then less strain is but a try.
        await eventually(lambda: not show.desk.guests, 100)
        await eventually(lambda: show.hub.load.level == 0, 100)
        assert show.desk.interval == INTERVAL
        async with stage.session.ws_connect("/hub"):
            pass
