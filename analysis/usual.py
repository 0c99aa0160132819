"""What the streamer's own mood was like in the channel's earlier streams, out of the history, which is read only."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from msgspec import Struct

from bot.report.reader import StageAverages, reading
from bot.report.stories import FARTHEST
from bot.report.story import FEWEST_STREAMS, LONG_ENOUGH, MOST_STREAMS
from model.modalities import MODALITIES, Modality
from transport.reading import Probabilities


class Usual(Struct, frozen=True):
    """The mean of some streams of one channel, each counting the same: their fused mood, and what it was read from."""

    channel: str
    streams: int
    shares: Probabilities
    parts: dict[Modality, float]


class Earlier(Struct, frozen=True):
    """What there is to compare with. `usual` is None where `streams` that are long enough are fewer than it takes."""

    streams: int
    usual: Usual | None


def usual_of(channel: str, streams: Sequence[StageAverages]) -> Earlier:
    """The usual of these streams, of which those count that have the streamer's mood for long enough. Pure."""
    counted = [stream for stream in streams if stream.counted >= LONG_ENOUGH][:MOST_STREAMS]
    if len(counted) < FEWEST_STREAMS:
        return Earlier(len(counted), None)
    shares = np.mean([stream.shares for stream in counted], axis=0).tolist()
    parts = np.mean([stream.parts for stream in counted], axis=0).tolist()
    known = {modality: part for modality, part in zip(MODALITIES, parts, strict=True) if part > 0}
    return Earlier(len(counted), Usual(channel, len(counted), cast(Probabilities, tuple(shares)), known))


def earlier(path: Path, channel: str) -> Earlier:
    """What the history at `path` has of a channel; nothing where there is none. Raises LeraError for a broken one."""
    if not path.exists():
        # A file is read also on a machine that has never seen a stream.
        return Earlier(0, None)
    with reading(path) as reader:
        sessions = [session.id for session in reader.sessions() if session.channel == channel]
        return usual_of(channel, reader.stage_averages(sessions[:FARTHEST]))
