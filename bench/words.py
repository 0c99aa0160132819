"""What recognising words costs, and how right it is: `python -m bench.words [--takes N]`.

Costs are processor time, as ratios against the sound's own length and against finding speech in it, which is the
baseline of the same run. Words are counted on held-out RAVDESS takes and on espeak-ng's speech, where they are here;
what is heard in noise, clicks and music should be nothing.
"""

import argparse
import time
from collections.abc import Iterator, Sequence

import numpy as np

from model.speech import RATE, SpeechFinder
from streamer_agent.recognisers import Pocketsphinx, sure_text
from tests.talk import VOICES, Sound, say, takes

SENTENCES = (
    "I am so happy today",
    "what a wonderful surprise",
    "this is disgusting",
    "I am really scared of this place",
    "I hate this game so much",
    "that makes me very sad",
)
VOICE = "en-us+f3"


def found(sound: Sound) -> Sound:
    """The speech in a sound as the agent cuts it out."""
    finder = SpeechFinder()
    utterances = finder.hear(np.concatenate([sound, np.zeros(RATE, np.float32)]))
    return np.concatenate([utterance.samples for utterance in utterances])


def errors(said: str, heard: str) -> tuple[int, int]:
    """Words that are wrong, missing or too many (Levenshtein's distance), and words that were said."""
    truth, words = said.lower().split(), heard.split()
    row = list(range(len(words) + 1))
    for i, word in enumerate(truth, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(words, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1], len(truth)


def noises() -> Iterator[tuple[str, Sound]]:
    """Two seconds each of what a microphone hears that is no speech."""
    random = np.random.default_rng(0)
    time_ = np.arange(2 * RATE) / RATE
    white = random.standard_normal(len(time_))
    yield "silence", np.zeros(len(time_), np.float32)
    for level in (0.01, 0.3):
        yield "hiss", (level * white).astype(np.float32)
    yield "hum", (0.2 * np.sin(2 * np.pi * 50 * time_)).astype(np.float32)
    for rate in (2, 8):
        yield "swelling hiss", (0.1 * white * (1 + np.sin(2 * np.pi * rate * time_))).astype(np.float32)
    for _ in range(2):
        clicks, music = 0.002 * white, np.zeros(len(time_))
        for start in random.integers(0, RATE, 12):
            length = int(random.uniform(0.02, 0.3) * RATE)
            fading = np.exp(-5 * np.arange(length) / length)
            clicks[start : start + length] += 0.4 * random.standard_normal(length) * fading
        for beat in range(8):
            rest = time_[beat * RATE // 4 :] - beat / 4
            for tone in random.choice([220, 262, 330, 392, 440, 523], 3, replace=False):
                for over in (1, 2, 3):
                    music[beat * RATE // 4 :] += 0.1 / over * np.sin(2 * np.pi * tone * over * rest) * np.exp(-4 * rest)
        yield "clicks", clicks.astype(np.float32)
        yield "music", music.astype(np.float32)


def judge(recogniser: Pocketsphinx, name: str, spoken: Sequence[tuple[Sound, str]]) -> float:
    """Prints how right it is; returns the processor time."""
    wrong = total = kept_wrong = kept_total = kept = 0
    began = time.process_time()
    for sound, said in spoken:
        words, fit = recogniser.words(sound)
        one, length = errors(said, " ".join(word.text for word in words))
        wrong, total = wrong + one, total + length
        if sure_text(words, 2 * recogniser.SURE - fit):
            kept, kept_wrong, kept_total = kept + 1, kept_wrong + one, kept_total + length
    spent = time.process_time() - began
    of_kept = f"{100 * kept_wrong / kept_total:.0f} %" if kept_total else "-"
    print(f"{name}: {len(spoken)} pieces; word error rate {100 * wrong / max(total, 1):.0f} % if all were taken")
    print(f"  taken as sure: {kept} of {len(spoken)}, with a word error rate of {of_kept}")
    return spent


def main() -> None:
    """Print costs and counts."""
    parser = argparse.ArgumentParser(prog="bench.words", description=__doc__)
    parser.add_argument("--takes", type=int, default=40, help="RAVDESS takes (default 40)")
    arguments = parser.parse_args()
    began = time.process_time()
    recogniser = Pocketsphinx()
    print(f"loading the recogniser: {time.process_time() - began:.2f} s of processor time")
    spoken = takes() if VOICES.exists() else []
    step = max(1, len(spoken) // arguments.takes)
    groups = {"RAVDESS test": spoken[::step][: arguments.takes]}
    groups["espeak-ng"] = [(found(say(sentence, VOICE, 140)), sentence) for sentence in SENTENCES]
    spent, sounds = 0.0, []
    for name, group in groups.items():
        spent += judge(recogniser, name, group)
        sounds += [sound for sound, _ in group]
    length = sum(map(len, sounds)) / RATE
    began = time.process_time()
    finder = SpeechFinder()
    for sound in sounds:
        finder.hear(sound)
    finding = time.process_time() - began
    print(f"cost of recognising {length:.0f} s: {spent / length:.2f} of its length on one core (real-time factor)")
    print(f"  finding speech in it: {finding / length:.4f}; recognising costs {spent / finding:.0f} times that")
    heard = [(name, recogniser.recognise(sound)) for name, sound in noises()]
    false = [f"{name}: {text!r}" for name, text in heard if text]
    print(f"noise: words heard in {len(false)} of {len(heard)} pieces{': ' if false else ''}{', '.join(false)}")


if __name__ == "__main__":
    main()
