"""What a chat message costs: `python -m bench.text`. Messages a second on one core, the whole way and its parts.

Baselines: the same network in fp32, as torch runs it on one thread, where torch is installed; and a dictionary that
looks every word up, which is about the least that a chat reader could do. Medians of interleaved rounds.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from model import chat_words
from model.text import PIECES, load, load_words

BATCH: Final = 64
MESSAGES: Final = 512
ROUNDS: Final = 7
# Made up for this bench: the lengths and kinds are those of Twitch chat (about ten pieces, a third with emotes).
OPENINGS: Final = (
    "that was",
    "he is",
    "this game is",
    "chat is",
    "why is it",
    "i think the boss is",
    "bro that is",
    "lol",
)
MIDDLES: Final = (
    "so good",
    "insane",
    "actually terrible",
    "the worst run ever",
    "not that bad",
    "over",
    "soooo hard",
    "fine",
)
ENDINGS: Final = ("", "", "", "KEKW", "LUL LUL LUL", "Sadge", "PogChamp", "😂😂", "???", "monkaS", "!!!", "@someone")
SHORT: Final = (
    "gg",
    "LUL",
    "KEKW",
    "what",
    "W",
    "F",
    "no way",
    "THIS IS IT",
    "hello chat",
    "first time here, love the vibe",
)


def messages(count: int) -> list[str]:
    """Chat that nobody wrote, always the same. No message comes twice, for a repeated one would cost nothing."""
    dice = random.Random(11)
    lines: dict[str, None] = {}
    while len(lines) < count:
        if dice.random() < 0.3:
            words = [dice.choice(SHORT), dice.choice(ENDINGS), str(len(lines))]
        else:
            words = [dice.choice(part) for part in (OPENINGS, MIDDLES, MIDDLES, ENDINGS)]
        lines[" ".join(words).strip()] = None
    return list(lines)


def in_batches(read: Callable[[Sequence[str]], object], chat: Sequence[str]) -> Callable[[], None]:
    """All of the chat, BATCH messages at a time, as a bot reads it."""

    def run() -> None:
        for start in range(0, len(chat), BATCH):
            read(chat[start : start + BATCH])

    return run


def eager() -> Callable[[Sequence[str]], object] | None:
    """The shipped network's shape in torch, fp32, on one thread, or None where torch is missing."""
    try:
        import torch

        from model.train.text.encoder import Shape, TextNetwork
        from model.train.text.learning import padded
    except ImportError:
        return None
    torch.set_num_threads(1)
    lexicon, pieces = load_words()
    network = TextNetwork(Shape(layers=4)).eval()

    def read(chat: Sequence[str]) -> object:
        with torch.inference_mode():
            rows = [pieces.numbers(chat_words.read(line, lexicon).words, PIECES) for line in chat]
            rows.sort(key=len)
            return [network(padded(rows[k : k + 8])).softmax(1) for k in range(0, len(rows), 8)]

    return read


def dictionary() -> Callable[[Sequence[str]], object]:
    """Every word looked up in the list of emotes, and nothing more."""
    known = load_words()[0].exact

    def read(chat: Sequence[str]) -> object:
        return [[known.get(word) for word in line.split()] for line in chat]

    return read


def main() -> int:
    """Prints the table."""
    reader, chat = load(), messages(MESSAGES)
    kinds: dict[str, Callable[[Sequence[str]], object] | None] = {
        "read: words, pieces, network": reader.read,
        "plain words alone": lambda lines: [reader.plain(line) for line in lines],
        "same shape in torch, fp32": eager(),
        "dictionary of emotes": dictionary(),
    }
    calls = {name: in_batches(read, chat) for name, read in kinds.items() if read is not None}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            # Processor time of all threads together: another program's work stretches only the clock's.
            used = time.process_time()
            call()
            times[name].append(time.process_time() - used)
    ours = statistics.median(times["read: words, pieces, network"])
    print(f"{'':32} messages a second of processor time   ours is faster by")
    for name, rounds in times.items():
        middle = statistics.median(rounds)
        print(f"{name:32} {len(chat) / middle:37,.0f}   {middle / ours:17.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
