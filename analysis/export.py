"""What was read as CSV or JSON, for other programs. Numbers alone: no word of the file, and no name that it has."""

import csv
import io
from collections.abc import Callable
from typing import Any, Final

import msgspec

from analysis.tracks import Read, Track, moments
from analysis.usual import Earlier
from model.emotions import EMOTIONS
from model.modalities import MODALITIES

DIGITS: Final = 4


def columns(read: Read) -> dict[str, list[Any]]:
    """A list for each column, one entry for each second or sentence; None where nothing was to be read."""
    places = range(len(read.fused.quality))
    made: dict[str, list[Any]] = {"sentence" if read.counts else "second": [place + read.counts for place in places]}
    if read.counts:
        made["line"] = list(read.lines)
    tracks: dict[str, Track] = {"fused": read.fused}
    tracks.update(dict(read.tracks.items()))
    for name, track in tracks.items():
        known = track.counted
        for place, emotion in enumerate(EMOTIONS):
            made[f"{name}_{emotion}"] = [
                round(float(track.shares[row, place]), DIGITS) if known[row] else None for row in places
            ]
        made[f"{name}_quality"] = [round(float(track.quality[row]), DIGITS) if known[row] else None for row in places]
    for place, modality in enumerate(MODALITIES):
        if modality in read.tracks:
            made[f"{modality}_part"] = [round(float(read.parts[row, place]), DIGITS) for row in places]
    return made


def as_csv(read: Read, _earlier: Earlier) -> bytes:
    """One line for each second or sentence, under a line of names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    made = columns(read)
    writer.writerow(made)
    writer.writerows(zip(*made.values(), strict=True))
    return text.getvalue().encode()


def as_json(read: Read, earlier: Earlier) -> bytes:
    """The whole in a few numbers, and the places as a list for each column."""
    return msgspec.json.encode(
        {
            "kind": read.kind,
            "length": round(read.length, 3),
            "length_in": "sentences" if read.counts else "seconds",
            "absent": read.absent,
            "emotions": EMOTIONS,
            "means": {"fused": read.fused.means, **{name: track.means for name, track in read.tracks.items()}},
            "parts": read.mean_parts,
            "moments": moments(read),
            "usual": earlier.usual,
            "earlier_streams": earlier.streams,
            "places": columns(read),
        }
    )


EXPORTS: Final[dict[str, Callable[[Read, Earlier], bytes]]] = {"csv": as_csv, "json": as_json}
