"""The simulated chat: made-up chatters who live through the same story, and lines that we wrote ourselves."""

import asyncio
import random
from typing import Final

from bot.inbox import ChatMessage
from bot.show import Show
from demo.story import Character, act_at
from model.emotions import EMOTIONS

# Each chatter waits this long on average between two lines, in seconds.
PAUSE: Final = 9.0
LINES: Final = {
    "happiness": (
        "LETS GOOOO", "PogChamp PogChamp", "gg!!", "that was so good :D", "haha love it", "EZ Clap",
        "best stream ever <3", "LUL LUL LUL", "I'm so happy for you", "POGGERS", "what a win!!!", "KEKW",
    ),
    "sadness": (
        "noooo", "BibleThump", "that's so sad", "PepeHands", ":(", "my heart is broken", "rip", "FeelsBadMan",
        "I miss that sword already",
    ),
    "neutral": (
        "where is this on the map?", "second door on the left", "back, just made tea", "which patch is this",
        "hello chat", "what keyboard do you use", "there was a chest behind you",
    ),
    "anger": (
        "this boss is so unfair!!", "ARE YOU KIDDING ME", "stupid hitbox", "DansGame refund", "I hate this fight",
        "that is such garbage", "REEEE",
    ),
    "surprise": (
        "WHAT", "omg omg", "wait what??", "WutFace", "did NOT see that coming", "monkaS what was that", "no way!!",
        ":O",
    ),
    "disgust": (
        "ewww", "that's disgusting", "gross", "DansGame", "why is it so slimy", "I feel sick looking at that",
    ),
    "fear": (
        "monkaS", "I'm scared", "don't go in there!!", "nope nope nope", "behind you!!!", "so creepy", "I can't look",
    ),
}  # fmt: skip
# When something happens, many paste the same: the bot counts it as one feeling that they share.
SHARED: Final = {"JUMP SCARE!": "monkaS monkaS monkaS", "WIN! The crowd goes wild": "PogChamp PogChamp PogChamp"}


async def chatter_on(show: Show, chatters: int, length: float) -> None:
    """Let `chatters` write through the story until cancelled."""
    begun = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for number in range(chatters):
            tasks.create_task(_write(show, number, length, begun))


async def _write(show: Show, number: int, length: float, begun: float) -> None:
    loop = asyncio.get_running_loop()
    character, chance = Character(number), random.Random(number)
    while True:
        await asyncio.sleep(chance.expovariate(1 / PAUSE))
        line = line_of(character, chance, loop.time() - begun, length)
        show.hear(ChatMessage(show.settings.channel.name, f"chatter-{number}", line, show.now()))


def line_of(character: Character, chance: random.Random, seconds: float, length: float) -> str:
    """What this chatter writes `seconds` into a story of `length` seconds."""
    shared = SHARED.get(act_at(max(0.0, seconds - character.delay), length).title)
    if shared is not None and chance.random() < 0.4:
        return shared
    (feeling,) = chance.choices(EMOTIONS, character.feel(seconds, length))
    return chance.choice(LINES[feeling])
