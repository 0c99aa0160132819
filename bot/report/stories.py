"""From the history's file to stories: which stream is meant, and which ones it is compared with."""

from pathlib import Path

from bot.history import Row, Session, StreamerSecond
from bot.report.reader import Averages, Reader, reading
from bot.report.story import LONG_ENOUGH, MOST_STREAMS, Story, before, tell
from lera.errors import LeraError

FARTHEST = 60
"""Earlier streams that are looked at for those to compare with."""


class Chosen:
    """One stream: its session, rows, streamer's seconds and story, and the list that it is in (newest first)."""

    def __init__(self, reader: Reader, session: Session, sessions: list[Session]) -> None:
        self.session = session
        self.sessions = sessions
        self.rows: list[Row] = reader.rows(session.id)
        self.own: list[StreamerSecond] = reader.streamer_seconds(session.id)
        before_it = earlier(reader, session, sessions)
        self.story: Story = tell(session, self.rows, before_it, self.own, reader.disputes(session.id))


def chosen(path: Path, number: int | None = None) -> Chosen:
    """The stream of this number, or the newest one that has any numbers. Raises LeraError."""
    with reading(path) as reader:
        sessions = reader.sessions()
        if number is None:
            newest = next((session for session in sessions if reader.has_rows(session.id)), None)
            if newest is None:
                raise LeraError(f"The history has no stream with numbers yet ({path}): let viewers share for a while.")
            return Chosen(reader, newest, sessions)
        for session in sessions:
            if session.id == number:
                return Chosen(reader, session, sessions)
    raise LeraError(f"There is no stream {number}; {known(sessions)}.")


def all_sessions(path: Path) -> list[Session]:
    """All streams, newest first. Raises LeraError."""
    with reading(path) as reader:
        return reader.sessions()


def earlier(reader: Reader, session: Session, sessions: list[Session]) -> list[Averages]:
    """The streams before this one that it is compared with, newest first."""
    found: list[Averages] = []
    for other in before(session, sessions)[:FARTHEST]:
        found += (one for one in reader.averages([other.id]) if one.counted >= LONG_ENOUGH)
        if len(found) == MOST_STREAMS:
            break
    return found


def known(sessions: list[Session]) -> str:
    """Which streams there are, for somebody who asked for another."""
    if not sessions:
        return "the history has none yet"
    numbers = [str(session.id) for session in sessions]
    told = ", ".join(numbers[:10]) + (" …" if len(numbers) > 10 else "")
    return f"there are {told} (`python run.py report --list` tells of each)"
