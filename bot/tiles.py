"""The tiles of those who chose to be shown: who is there now, and what each tile tells. Pure, time comes in.

A tile is there only while its viewer wants it and has a reading that counts. None is kept: the history knows of none.

Whoever sees the crowd's mood and a tile can take the one off the other. What is left must not tell of single viewers
who did not choose to be shown; so where there are some of them, but fewer than `minimum_viewers` that count, so many
tiles are left out that tiles and mood still differ by that many faces. Who has just come and doesn't count yet, or has
left and still does (`transport/masking.py`), is one of them. Below the minimum there is no mood to take them off.
"""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from bot.crowd import Crowd, Mood
from model.emotions import EMOTIONS
from transport.appearances import Appearances
from transport.reading import Probabilities


class TileSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[tiles]`: viewers who chose to be shown one by one."""

    on: bool = True
    names: bool = True
    maximum: Annotated[int, Meta(ge=1, le=100)] = 60


class Tile(Struct, frozen=True):
    """One viewer: an opaque seat, a name or None, the expression. `top` and `shares` are None while it is unsure."""

    seat: str
    name: str | None
    top: str | None
    shares: dict[str, float] | None
    sure: float


class Tiles:
    """The tiles as they stand. They change at most once a second, but whoever goes is gone at once."""

    SECONDS: Final = 1.0
    SURE: Final = 0.3
    """Quality of a reading under which a face is there, but its expression is no more than a guess."""
    TOLD_SECONDS: Final = 60.0
    """So long a reading that was told in chat is taken for known."""
    MARGIN: Final = 20
    """So many faces above the minimum who aren't shown can't all have gone between two looks."""

    def __init__(self, settings: TileSettings, minimum_viewers: int, appearances: Appearances) -> None:
        """`appearances` says who wants to be shown."""
        self._settings = settings
        self._minimum = minimum_viewers
        self._appearances = appearances
        self._hidden = False
        self._tiles: dict[str, Tile] = {}
        self._more = 0
        # Of the last look: faces in the mood, those of them that aren't to be shown, and with those who come and go;
        # who wants to be shown, and when that was.
        self._counted = self._apart = self._others = 0
        self._willing: set[str] = set()
        self._looked = self._renewed = float("-inf")
        # Whose reading was told in chat, and when.
        self._told: dict[str, float] = {}

    def __contains__(self, viewer: object) -> bool:
        """Whether this viewer's vote may be seen."""
        return viewer in self._willing or viewer in self._told

    def may_tell(self, viewer: str, mood: Mood, crowd: Crowd, now: float) -> bool:
        """Whether a viewer's reading may be told in chat, where it is no tile. True: it will be."""
        self._forget_told(now)
        counted, apart, others = crowd.told({*self._willing, *self._told, viewer}, mood)
        if counted and others > 0 and apart < self._minimum:
            return False
        self._told[viewer] = now
        # So many tiles may be too many now.
        self._looked = float("-inf")
        return True

    def frame(self) -> dict[str, Any]:
        """The tiles as `/live` sends them. `more` are those who want to be shown and find no place."""
        state = "off" if not self._settings.on else "hidden" if self._hidden else "on"
        tiles = [
            {"seat": tile.seat, "name": tile.name, "top": tile.top, "shares": tile.shares, "sure": tile.sure}
            for tile in self._tiles.values()
        ]
        return {"type": "tiles", "state": state, "tiles": tiles, "more": self._more}

    def look(self, mood: Mood, crowd: Crowd, now: float) -> None:
        """Take the tiles of this moment, beside the mood that the crowd has just told."""
        self._forget_told(now)
        counted, apart, others = crowd.told({*self._willing, *self._told}, mood)
        rested = not 0.0 <= now - self._looked < self.SECONDS
        near = apart < self._minimum + self.MARGIN
        if self._hidden or not (rested or (near and (counted, others) != (self._counted, self._others))):
            return
        willing = {viewer: name for viewer, name in self._appearances if viewer in crowd}
        self._willing, self._looked = set(willing), now
        self._counted, self._apart, self._others = crowd.told({*willing, *self._told}, mood)
        chosen = self._chosen(min(self._settings.maximum, self._room()))
        self._more = len(willing) - len(chosen)
        if 0.0 <= now - self._renewed < self.SECONDS:
            self._tiles = {viewer: tile for viewer, tile in self._tiles.items() if viewer in chosen}
        else:
            found = ((viewer, name, crowd.vote_of(viewer, now)) for viewer, name in willing.items() if viewer in chosen)
            self._tiles = {viewer: self._tile(viewer, name, vote) for viewer, name, vote in found if vote is not None}
            self._renewed = now

    def drop(self, viewer: str, *, counts: bool) -> bool:
        """Take a viewer's tile away at once. True when the tiles have changed. `counts`: the vote stays in the mood."""
        self._told.pop(viewer, None)
        if viewer not in self._willing:
            return False
        self._willing.discard(viewer)
        if not counts:
            self._counted -= 1
        elif self._counted > 0:
            self._apart += 1
            self._others += 1
        before = len(self._tiles)
        self._tiles.pop(viewer, None)
        # Nobody else may be seen through the gap. The next look, which is due, finds out exactly how many may stay.
        self._tiles = dict(list(self._tiles.items())[: self._room()])
        self._looked = float("-inf")
        return len(self._tiles) != before

    def hide(self, hidden: bool) -> None:
        """Show nobody at all, until told otherwise."""
        self._hidden = hidden
        self.clear()

    def clear(self) -> None:
        """Show nobody, until the next look."""
        self._tiles, self._willing, self._more = {}, set(), 0
        self._looked = self._renewed = float("-inf")

    def _room(self) -> int:
        """How many tiles may stand beside the mood."""
        if self._others <= 0 or self._apart >= self._minimum:
            return len(self._willing)
        return max(0, self._counted - self._minimum - len(self._told.keys() - self._willing))

    def _forget_told(self, now: float) -> None:
        self._told = {viewer: time for viewer, time in self._told.items() if 0.0 <= now - time < self.TOLD_SECONDS}

    def _chosen(self, places: int) -> set[str]:
        """Which viewers get a place: by their seats, which are chance to everybody and stay what they are."""
        if len(self._willing) <= places:
            return set(self._willing)
        return set(sorted(self._willing, key=self._appearances.seat_of)[:places])

    def _tile(self, viewer: str, name: str | None, vote: tuple[Probabilities, float]) -> Tile:
        shares, quality = vote
        seat, sure = self._appearances.seat_of(viewer), round(quality, 1)
        if quality < self.SURE:
            return Tile(seat, name, None, None, sure)
        top = EMOTIONS[max(range(len(EMOTIONS)), key=shares.__getitem__)]
        return Tile(seat, name, top, {e: round(s, 2) for e, s in zip(EMOTIONS, shares, strict=True)}, sure)
