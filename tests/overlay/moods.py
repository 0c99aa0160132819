"""The moods that the screens are judged by: the demo's story as `/live` would tell it. `python -m tests.overlay.moods`
records them anew, into moods.json.

Two minutes, a frame every four seconds, so that a screen which remembers has something to remember. Some frames have a
name; a picture is taken of each of those.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from bot.board import Board
from bot.crowd import Crowd, Mood
from bot.feed import mood_frame
from demo.story import Character
from transport.reading import Reading, one_hot

FILE: Final = Path(__file__).with_name("moods.json")
NAMES: Final = ("gathering", "calm", "lively", "level", "resting", "stale")
STEP: Final = 4
STORY: Final = 120.0
BEGUN: Final = 1763640000
VIEWERS: Final = 24
CHATTERS: Final = 9
# Seconds into the story. Whatever is on at the last one goes stale.
NAMED: Final = {0: "gathering", 16: "calm", 104: "lively", 116: "level", 120: "resting", 132: "stale"}
CHAT_FROM: Final = 108

Frame = dict[str, Any]


def main() -> int:
    """Write the story's frames down, one to a line."""
    lines = ",\n".join(json.dumps(step, ensure_ascii=False) for step in record())
    FILE.write_text(f"[\n{lines}\n]\n", "utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")
    return 0


def recorded() -> list[tuple[str | None, Frame]]:
    """The story as it was recorded: the name that a frame has, and the frame."""
    return [(step["name"], step["frame"]) for step in json.loads(FILE.read_text("utf-8"))]


def record() -> list[dict[str, Any]]:
    """The story as the bot of today tells it."""
    crowd, board = Crowd(), Board()
    cast = [Character(number) for number in range(VIEWERS)]
    return [
        {"name": NAMED.get(second), "frame": _frame(crowd, board, cast, second)}
        for second in range(0, max(NAMED) + STEP, STEP)
    ]


def _frame(crowd: Crowd, board: Board, cast: list[Character], second: int) -> Frame:
    now = float(BEGUN + second)
    for number, character in enumerate(cast[: 2 if second == 0 else None]):
        crowd.take(Reading(f"{number:022}", "face", now, character.feel(second, STORY)), now)
    for number in range(CHATTERS if second >= CHAT_FROM else 0):
        crowd.take(Reading(f"~{number}", "chat", now, one_hot(("happiness", "neutral")[number % 2])), now)
    if second == 100:
        board.show_line("Clip it! That was the best run of the year, thank you all", 8, now)
    board.paused = NAMED.get(second) == "resting"
    mood = Mood(now, 0, crowd.minimum_viewers) if board.paused else crowd.mood(now)
    return {**mood_frame(mood, "nightfox", len(cast) + 3, 1, board.frame(now)), "time": now}


if __name__ == "__main__":
    sys.exit(main())
