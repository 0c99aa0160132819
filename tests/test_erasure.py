"""After somebody asked to be forgotten, nothing of them is left: searched for in all that lives, and in every file."""

from pathlib import Path

import pytest

from bot.asking import Asker
from bot.history import History
from bot.inbox import ChatMessage
from bot.settings import ChannelSettings, ChatSettings, Settings
from bot.show import Show
from tests.bot.readers import WordReader
from tests.memory import texts_alive
from transport.partial import viewer_hash
from transport.reading import (
    PROTOCOL_VERSION,
    AgentFrame,
    Appear,
    Code,
    Forget,
    Forgotten,
    Identify,
    Join,
    Post,
    encode,
)  # fmt: skip

# In two parts, so that neither this test nor its source holds what it searches for.
KEY = ("marked-viewer", "-key-Qxz")
CHATTER = ("marked-chatter", "-id-Qxz")
NAME = ("Wilhel", "mina-Qxz")
WORDS = ("joy to the marked", " words-Qxz")


def marked(parts: tuple[str, str]) -> str:
    return parts[0] + parts[1]


def halves(key: str) -> tuple[bytes, bytes]:
    """The hash by which hubs know a viewer, in two parts."""
    hashed = viewer_hash(key)
    return hashed[:4], hashed[4:]


def places_of(*marks: tuple[str, str], hashed: tuple[bytes, bytes] | None = None) -> int:
    """How many texts hold one of these; long ones, such as sources, aren't looked at."""

    def holds(text: str | bytes) -> bool:
        if len(text) > 5000:
            return False
        if type(text) is bytes:
            is_hash = hashed is not None and len(text) == 8 and text[:4] == hashed[0] and text[4:] == hashed[1]
            return is_hash or any(a.encode() in text and b.encode() in text for a, b in marks)
        return any(a in str(text) and b in str(text) for a, b in marks)

    return sum(map(holds, texts_alive()))


class Stream:
    """A show whose clock the test turns, and one viewer of many who does all that leaves something behind."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000.0
        self.folder = folder
        chat = ChatSettings(user_cooldown=0.0, channel_cooldown=0.0)
        settings = Settings(ChannelSettings("marked"), chat=chat)
        self.history = History(folder / "history.sqlite3")
        self.session = self.history.begin("marked", self.now)
        self.show = Show(settings, "secret", self.history, lambda: self.now, WordReader)
        self.token = self.show.access.token(self.now)
        for number in range(6):
            self._frame(f"another-viewer-{number}-key", Post(1, (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)))

    def _frame(self, viewer: str, frame: AgentFrame) -> object:
        desk = self.show.desk
        guest = desk.guests.get(viewer)
        if guest is None:
            join = encode(Join(PROTOCOL_VERSION, "marked", self.token, viewer)).encode()
            guest = desk.join(join, self.now)[0]
        return desk.take(guest, encode(frame).encode(), self.now)

    def send(self, frame: AgentFrame) -> object:
        """One frame of the marked viewer's agent."""
        return self._frame(marked(KEY), frame)

    async def say(self, text: str) -> str:
        """One line of the marked chatter's, in chat."""
        chatter = marked(CHATTER)
        self.show.hear(ChatMessage("demo", chatter, text, self.now, marked(NAME)))
        return str(await self.show.respond(text, Asker(marked(NAME), id=chatter)))

    async def take_part(self) -> None:
        """Be read, link oneself, be shown by name, ask for one's own reading, and write."""
        self.send(Post(1, (0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05)))
        code = self.send(Identify())
        assert isinstance(code, Code)
        assert "linked" in await self.say(code.line)
        self.send(Appear("name", marked(NAME)))
        assert "sadness" in await self.say("!mood me")
        await self.say(marked(WORDS))
        await self.say("!feel joy")
        self.look(3)

    def look(self, seconds: int) -> None:
        """Let so much of the show's time pass, kept in the history as well."""
        for _ in range(seconds):
            self.now += 1.0
            self.show._publish()
            self.history.add(self.session, self.show.mood)

    def hang_up(self) -> None:
        """The agent's connection ends."""
        self.show.desk.gone(self.show.desk.guests[marked(KEY)])

    def files(self) -> bytes:
        """All that the show has written."""
        return b"".join(place.read_bytes() for place in sorted(self.folder.rglob("*")) if place.is_file())


@pytest.mark.parametrize("leaves_first", [False, True])
async def test_forget_by_the_agent_leaves_no_key_no_name_and_no_tile(tmp_path: Path, leaves_first: bool) -> None:
    stream = Stream(tmp_path)
    await stream.take_part()
    hashed = halves(marked(KEY))
    assert places_of(KEY, NAME, hashed=hashed) > 2, "the search must be able to find it"
    if leaves_first:
        # Then the last reading is frozen, and counts for some seconds.
        stream.send(Appear("no"))
        stream.show.leave(marked(KEY))
        stream.look(1)
    assert stream.send(Forget()) == Forgotten()
    stream.hang_up()
    await stream.say("!mood forget")
    # At once, while the vote may still count without a key, and after it is gone.
    stream.look(1)
    assert places_of(KEY, hashed=hashed) == 0
    stream.look(20)
    assert stream.show.crowd.votes.frozen == 0
    assert places_of(KEY, NAME, CHATTER, WORDS, hashed=hashed) == 0
    for parts in (KEY, NAME, CHATTER, WORDS):
        assert marked(parts).encode() not in stream.files()


async def test_forget_in_chat_leaves_nothing_of_the_chatter_and_the_agent_is_nobodys(tmp_path: Path) -> None:
    stream = Stream(tmp_path)
    await stream.take_part()
    key = stream.show.chat.key(marked(CHATTER))
    assert places_of(CHATTER, WORDS, NAME) > 0 or key in stream.show.roster.identities.viewers
    assert "erased" in await stream.say("!mood forget")
    stream.send(Appear("no"))
    stream.look(1)
    assert key not in stream.show.roster.identities.viewers and key not in stream.show.crowd
    del key
    assert places_of(CHATTER, WORDS, NAME) == 0
    assert "can't tell which viewer" in await stream.say("!mood me")
