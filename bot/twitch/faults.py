"""What can be wrong with Twitch, by what helps: waiting, logging in again, or a person's hand."""

from lera.errors import LeraError


class Unreachable(LeraError):
    """It passes by itself. `after` seconds at least, when Twitch said so."""

    def __init__(self, said: str, after: float = 0.0) -> None:
        super().__init__(said)
        self.after = after


class LoginNeeded(LeraError):
    """A person must log in again."""


class Stopped(LeraError):
    """Trying again would change nothing: a person must mend what the line says."""


def login_line(cause: str, role: str = "broadcaster") -> str:
    """The line for a missing or dead login."""
    extra = " bot" if role == "bot" else ""
    return f"{cause} Log in with the dashboard's button or with `python run.py bot --login{extra}`."
