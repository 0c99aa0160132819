"""What Twitch says no with."""

from http import HTTPStatus
from typing import Any


class Refusal(Exception):
    """An HTTP answer of 400 and above. `headers` go with it."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {message}")
        self.status, self.message, self.headers = status, message, headers or {}

    def body(self, identity: bool) -> dict[str, Any]:
        """The identity service names no error, Helix does."""
        if identity:
            return {"status": self.status, "message": self.message}
        return {"error": HTTPStatus(self.status).phrase, "status": self.status, "message": self.message}
