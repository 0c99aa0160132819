"""Viewers who are more than a vote: linked with a name in chat, shown on the stream as a tile, or banned."""

from collections.abc import Callable
from typing import Literal

from bot.access import Access
from bot.crowd import Crowd, Mood
from bot.feed import Feed
from bot.tiles import Tiles, TileSettings
from transport.appearances import HIDDEN, Appearances
from transport.desk import Desk
from transport.identities import Identities, chatter_key, subject_of
from transport.reading import HubFrame, Linked, Shown
from transport.tokens import Admission, viewer_mark

Banned = Literal["person", "viewer", "nobody"]
"""Who was banned: somebody who is linked, a viewer's key alone, or nobody."""


class Roster:
    """What a show knows of such viewers, and what their agents and the pages are told of it. Keeps nothing for good."""

    def __init__(self, settings: TileSettings, minimum_viewers: int, now: Callable[[], float], access: Access) -> None:
        """`now` is the show's clock, in seconds; `access` says who may join."""
        self.access = access
        self.identities = Identities()
        self.appearances = Appearances(names=settings.names)
        self.appearances.on_gone = self.drop
        self.tiles, self.feed = Tiles(settings, minimum_viewers, self.appearances), Feed()
        # Set by the show once it has a hub: sends one agent a frame.
        self.tell: Callable[[str, HubFrame], None] = lambda *_: None
        self.crowd: Crowd | None = None
        self._mood: Mood | None = None
        self.desk: Desk | None = None
        self._now = now

    def follow(self, crowd: Crowd) -> Crowd:
        """Draw the tiles from the votes of this crowd, and let it know whose votes everybody sees."""
        self.crowd = crowd
        crowd.known = self.tiles
        return crowd

    def welcome(self, desk: Desk) -> None:
        """From now on this desk goes by who may join."""
        self.desk = desk
        self.access.on_change = self._enforce

    def link(self, chatter: str, name: str, code: str) -> bool:
        """Tie the agent that shows this code to a chatter's key, and tell it the name. False when no agent does."""
        subject, now = subject_of(chatter), self._now()
        if self.access.is_banned(subject):
            return False
        linked = self.identities.link(code, chatter, now)
        if linked is None:
            return False
        viewer, before = linked
        self.access.meet(subject, name)
        # Nobody who was linked with this chatter before is it any more, wherever that is.
        self.access.unlinked(subject, now)
        self.tell(viewer, Linked(name[:50], self._hand(viewer, subject)))
        if before is not None:
            self.tell(before, Linked(token=self._hand(before, "")))
        return True

    def unlink(self, chatter: str) -> None:
        """Forget whose agent a chatter's is, and tell it. No token links with the chatter any more, wherever it is."""
        viewer = self.identities.unlink_chatter(chatter)
        self.access.unlinked(subject_of(chatter), self._now())
        if viewer is not None:
            self.tell(viewer, Linked(token=self._hand(viewer, "")))
        if self.desk is not None:
            self.desk.persons.forget(subject_of(chatter))

    def nobodys_token(self, viewer: str) -> str:
        """For a viewer who has unlinked: a token that lets in as before, and links with nobody."""
        return self._hand(viewer, "")

    def heard(self, chatter: str, name: str) -> bool:
        """A chatter has written something. False when whoever it is may not take part."""
        subject = subject_of(chatter)
        if chatter in self.identities.viewers:
            self.access.meet(subject, name)
        self.access.heard(subject, self._now())
        return not self.access.is_banned(subject)

    def silence(self, chatter: str) -> None:
        """The platform has silenced a chatter: whoever is linked is out, until they write there again.

        Also who was linked today and has closed the agent: its token would let them in again.
        """
        if chatter in self.identities.viewers or self.access.has_met(subject_of(chatter)):
            self._ban(subject_of(chatter), None, silenced=True)

    def ban(self, name: str) -> bool:
        """Ban the linked chatter of this name: connection, vote and tile go now. False when nobody goes by it."""
        subject = self.access.person(name)
        if subject is not None:
            self._ban(subject, None)
        return subject is not None

    def unban(self, name: str) -> bool:
        """Let who was banned by this name in again. False when nobody was."""
        return self.access.unban(name, self._now())

    def ban_seat(self, seat: str) -> Banned:
        """Ban who sits on this tile: the person, where it is known, and the viewer's key."""
        viewer = self.appearances.viewer_of(seat)
        if viewer is None:
            return "nobody"
        chatter = self.identities.chatter_of(viewer)
        self.hide(seat)
        self._ban(subject_of(chatter) if chatter is not None else "", viewer)
        return "viewer" if chatter is None else "person"

    def hide(self, seat: str) -> bool:
        """Show the viewer of this tile no more while the bot runs, and tell the agent. False when nobody is there."""
        gone = self.appearances.hide(seat)
        for viewer in gone:
            self.tell(viewer, Shown(reason=HIDDEN))
        return bool(gone)

    def look(self, mood: Mood, paused: bool) -> None:
        """Bring the tiles up to date with a mood."""
        now = self._now()
        self._mood = mood
        if paused or self.crowd is None:
            self.tiles.clear()
        else:
            self.tiles.look(mood, self.crowd, now)
        self.feed.publish(self.tiles.frame(), now)

    def may_tell(self, viewer: str) -> bool:
        """Whether to tell a viewer's reading in chat says nothing of another viewer. True: it will be told."""
        if self.crowd is None or self._mood is None:
            return False
        return self.tiles.may_tell(viewer, self._mood, self.crowd, self._now())

    def drop(self, viewer: str) -> None:
        """Take a viewer's tile away now, wherever it is shown."""
        counts = self.crowd is not None and viewer in self.crowd
        if self.tiles.drop(viewer, counts=counts):
            self.feed.publish(self.tiles.frame(), self._now())

    def _hand(self, viewer: str, subject: str) -> str:
        """A viewer's next token: one that links with a person, or, without a subject, with nobody. It counts at once.

        Who is in at another hub is known by no link here, and gets a token of the public one; that hub hands it on.
        """
        access, now = self.access, self._now()
        guest = self.desk.guests.get(viewer) if self.desk is not None else None
        admission = Admission(token_id=access.public.id) if guest is None else guest.admission
        token = access.linked(admission, subject, now) if subject else access.anonymous(admission, now)
        if self.desk is not None and guest is not None:
            self.desk.hand(viewer, token, now)
        return token

    def _ban(self, subject: str, viewer: str | None, *, silenced: bool = False) -> None:
        assert self.desk is not None
        if subject:
            viewer = self.identities.viewer_of(chatter_key(subject)) or viewer
        marks = [subject] if subject else []
        if viewer is not None:
            marks.append(viewer_mark(self.desk.channel, viewer))
        self.access.ban(marks, self._now(), silenced=silenced)
        # Whoever is connected has been ended. What is left are votes: of one who was here a moment ago, and in chat.
        if viewer is not None:
            self.identities.unlink_viewer(viewer)
            self.desk.audience.leave(viewer)
        if subject:
            self.desk.audience.leave(chatter_key(subject))

    def _enforce(self, subject: str) -> None:
        if self.desk is not None:
            self.desk.door.update(self.access.terms())
            self.desk.expel(subject)
