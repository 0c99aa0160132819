"""Whether the stream is on, also where Twitch's own list lags behind its events."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from bot.twitch.stream import LAG, Stream
from lera.errors import LeraError


class Told:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.news: list[tuple[object, ...]] = []

    def stream_online(self, title: str, category: str, started: float | None) -> None:
        self.news.append(("online", title, category, started))

    def stream_offline(self) -> None:
        self.news.append(("offline",))

    def stream_changed(self, title: str, category: str) -> None:
        self.news.append(("changed", title, category))


class FakeBot:
    """Twitch's list of live channels, and its channel information."""

    def __init__(self) -> None:
        self.streams: list[Any] = []
        self.down = False

    async def fetch_streams(self, **_: object) -> Any:
        if self.down:
            raise LeraError("no network")
        for stream in self.streams:
            yield stream

    async def fetch_channel(self, *_: object, **__: object) -> Any:
        if self.down:
            raise LeraError("no network")
        return SimpleNamespace(title="Boss night", game_name="Elden Ring")


async def test_twitchs_list_lags_behind_its_events() -> None:
    told, bot = Told(), FakeBot()
    stream = Stream(told)
    await stream.begin(bot, "1", 1000.0, now=1000.0)  # type: ignore[arg-type]
    await stream.look(bot, "1", now=1020.0)  # type: ignore[arg-type]
    assert told.news == [("online", "Boss night", "Elden Ring", 1000.0)]
    await stream.look(bot, "1", now=1001.0 + LAG)  # type: ignore[arg-type]
    assert told.news[1:] == [("offline",)] and not stream.live


async def test_what_cant_be_asked_is_no_news() -> None:
    told, bot = Told(), FakeBot()
    stream = Stream(told)
    bot.down = True
    await stream.begin(bot, "1", None, now=0.0)  # type: ignore[arg-type]
    await stream.look(bot, "1", now=2 * LAG)  # type: ignore[arg-type]
    assert told.news == [("online", "", "", None)] and stream.live


async def test_the_same_news_twice_is_told_once() -> None:
    told, bot = Told(), FakeBot()
    stream = Stream(told)
    stream.end(4.0)
    stream.changed("nobody", "listens")
    await stream.begin(bot, "1", 5.0, now=5.0)  # type: ignore[arg-type]
    await stream.begin(bot, "1", 5.0, now=6.0)  # type: ignore[arg-type]
    stream.changed("Boss night", "Elden Ring")
    stream.changed("x" * 500, "Elden Ring")
    stream.end(7.0)
    stream.end(8.0)
    assert told.news[1:] == [("changed", "x" * 200, "Elden Ring"), ("offline",)]


async def test_twitchs_list_lags_behind_the_end_as_well() -> None:
    told, bot = Told(), FakeBot()
    stream = Stream(told)
    await stream.begin(bot, "1", 1000.0, now=1000.0)  # type: ignore[arg-type]
    stream.end(5000.0)
    # Events and the list may name the start differently by a little.
    bot.streams = [live(1001.0)]
    # A connection that drops soon after must not bring the stream back that has just ended.
    await stream.look(bot, "1", now=5060.0)  # type: ignore[arg-type]
    assert told.news[1:] == [("offline",)] and not stream.live
    bot.streams = [live(5030.0)]
    await stream.look(bot, "1", now=5090.0)  # type: ignore[arg-type]
    assert told.news[2:] == [("online", "Boss night", "Elden Ring", 5030.0)]


async def test_a_stream_that_goes_on_after_all_is_found_later() -> None:
    told, bot = Told(), FakeBot()
    stream = Stream(told)
    bot.streams = [live(1000.0)]
    await stream.look(bot, "1", now=4000.0)  # type: ignore[arg-type]
    stream.end(5000.0)
    await stream.look(bot, "1", now=5001.0 + LAG)  # type: ignore[arg-type]
    assert [news[0] for news in told.news] == ["online", "offline", "online"]


def live(started: float) -> Any:
    """A stream in Twitch's list of live channels."""
    began = datetime.fromtimestamp(started, UTC)
    return SimpleNamespace(title="Boss night", game_name="Elden Ring", started_at=began)
