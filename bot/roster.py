"""Viewers who are more than a vote: linked with a name in chat, or shown on the stream as a tile."""

from collections.abc import Callable

from bot.crowd import Crowd, Mood
from bot.feed import Feed
from bot.tiles import Tiles, TileSettings
from transport.appearances import HIDDEN, Appearances
from transport.identities import Identities
from transport.reading import HubFrame, Linked, Shown


class Roster:
    """What a show knows of such viewers, and what their agents and the pages are told of it. Keeps nothing for good."""

    def __init__(self, settings: TileSettings, minimum_viewers: int, now: Callable[[], float]) -> None:
        """`now` is the show's clock, in seconds."""
        self.identities = Identities()
        self.appearances = Appearances(names=settings.names)
        self.appearances.on_gone = self.drop
        self.tiles, self.feed = Tiles(settings, minimum_viewers, self.appearances), Feed()
        # Set by the show once it has a hub: sends one agent a frame.
        self.tell: Callable[[str, HubFrame], None] = lambda *_: None
        self.crowd: Crowd | None = None
        self._now = now

    def follow(self, crowd: Crowd) -> None:
        """Draw the tiles from the votes of this crowd, and let it know whose votes everybody sees."""
        self.crowd = crowd
        crowd.known = self.tiles

    def link(self, chatter: str, name: str, code: str) -> bool:
        """Tie the agent that shows this code to a chatter's key, and tell it the name. False when no agent does."""
        linked = self.identities.link(code, chatter, self._now())
        if linked is None:
            return False
        viewer, before = linked
        self.tell(viewer, Linked(name[:50]))
        if before is not None:
            self.tell(before, Linked())
        return True

    def unlink(self, chatter: str) -> None:
        """Forget whose agent a chatter's is, and tell it."""
        viewer = self.identities.unlink_chatter(chatter)
        if viewer is not None:
            self.tell(viewer, Linked())

    def hide(self, seat: str) -> bool:
        """Show the viewer of this tile no more while the bot runs, and tell the agent. False when nobody is there."""
        gone = self.appearances.hide(seat)
        for viewer in gone:
            self.tell(viewer, Shown(reason=HIDDEN))
        return bool(gone)

    def look(self, mood: Mood, paused: bool) -> None:
        """Bring the tiles up to date with a mood."""
        now = self._now()
        if paused or self.crowd is None:
            self.tiles.clear()
        else:
            self.tiles.look(mood, self.crowd, now)
        self.feed.publish(self.tiles.frame(), now)

    def drop(self, viewer: str) -> None:
        """Take a viewer's tile away now, wherever it is shown."""
        counts = self.crowd is not None and viewer in self.crowd
        if self.tiles.drop(viewer, counts=counts):
            self.feed.publish(self.tiles.frame(), self._now())
