"""Who is on Twitch: accounts, their channels, and whether they are live."""

from dataclasses import dataclass, field
from itertools import count


@dataclass
class Stream:
    id: str
    started: float  # by the stand-in's clock
    viewers: int = 25


@dataclass(eq=False)
class User:
    """An account and its channel."""

    id: str
    login: str
    name: str
    title: str = "An evening of little nightmares"
    category: tuple[str, str] = ("509658", "Just Chatting")
    language: str = "en"
    labels: list[str] = field(default_factory=list)
    stream: Stream | None = None
    moderators: set[str] = field(default_factory=set)
    vips: set[str] = field(default_factory=set)
    subscribers: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)

    def may_moderate(self, user_id: str) -> bool:
        return user_id == self.id or user_id in self.moderators

    def badges(self, user_id: str) -> list[dict[str, str]]:
        """What stands beside a chatter's name in this channel."""
        found = []
        if user_id == self.id:
            found.append({"set_id": "broadcaster", "id": "1", "info": ""})
        if user_id in self.moderators:
            found.append({"set_id": "moderator", "id": "1", "info": ""})
        if user_id in self.vips:
            found.append({"set_id": "vip", "id": "1", "info": ""})
        if user_id in self.subscribers:
            found.append({"set_id": "subscriber", "id": "12", "info": "16"})
        return found


class People:
    """Everyone, by id and by login. Whoever is spoken of for the first time gets an account."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._by_login: dict[str, User] = {}
        self._ids = count(100_001)

    def named(self, name: str) -> User:
        if (known := self._by_login.get(name.lower())) is not None:
            return known
        user = User(str(next(self._ids)), name.lower(), name)
        self._by_id[user.id] = self._by_login[user.login] = user
        return user

    def find(self, user_id: str | None = None, login: str | None = None) -> User | None:
        if user_id is not None:
            return self._by_id.get(user_id)
        return self._by_login.get((login or "").lower())
