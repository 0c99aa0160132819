"""What has been seen before. Pure, and bounded by time and by number."""

from collections import OrderedDict


class Seen:
    """Twitch delivers at least once: of several deliveries only the first counts."""

    def __init__(self, life: float = 600.0, size: int = 20_000) -> None:
        """Ids are remembered for `life` seconds, and never more than `size` of them."""
        self._life = life
        self._size = size
        self._ids: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ids)

    def knows(self, identifier: str, now: float) -> bool:
        """Whether it has been seen of late."""
        return now - self._ids.get(identifier, float("-inf")) <= self._life

    def forget(self, identifier: str) -> None:
        """Let the next time be the first again."""
        self._ids.pop(identifier, None)

    def first(self, identifier: str, now: float) -> bool:
        """Whether this is the first time; remembers it."""
        while self._ids and (len(self._ids) >= self._size or now - next(iter(self._ids.values())) > self._life):
            self._ids.popitem(last=False)
        if identifier in self._ids:
            return False
        self._ids[identifier] = now
        return True
