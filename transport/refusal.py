"""Why a connection ends, in words for the person at the other end."""

from transport.reading import Refused


class Refusal(Exception):
    """Ends a connection: `cause` is what is counted, `frame` what the other end is told."""

    def __init__(self, cause: str, reason: str, retry: bool = False, link: bool = False) -> None:
        super().__init__(reason)
        self.cause = cause
        self.frame = Refused(reason, retry, link)
