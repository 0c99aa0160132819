"""Why a stream or a bot can't be reached, in one line said once, where that is somebody's to mend. Pure."""

import socket
import ssl
from collections.abc import Callable
from typing import Final, Literal

import aiohttp

_EXPIRED: Final = 10
_NOT_YET: Final = 9
_OTHER_NAME: Final = (62, 64)
"""OpenSSL's numbers for what is wrong with a certificate (X509_V_ERR_…); 62 and 64: its host, its address."""
_NO_SUCH_HOST: Final = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}
# A server that is overloaded, or slow, is well again by itself.
_PASSING: Final = (408, 429)


class Elsewhere(aiohttp.ClientError):
    """A redirection to another host, which isn't followed."""


class Faults:
    """Tells each fault once, until the other end has let somebody in."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[str] = set()

    def hear(self, fault: str, joined: bool = False) -> None:
        """What went wrong, empty for nothing, and whether the other end had let somebody in before it."""
        if joined:
            self._said.clear()
        if fault and fault not in self._said:
            self._said.add(fault)
            self._say(fault)


def why_unreached(error: BaseException, what: Literal["stream", "bot"]) -> str:
    """What to say of an error that ended a try to connect; empty where nothing is to be mended, but only waited for.

    Nothing that the other end has written stands in it.
    """
    check, tell = ("the link", "tell the streamer") if what == "stream" else ("its address", "mend that where it runs")
    below = error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        below = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        below = error.os_error
    match below:
        case ssl.SSLCertVerificationError():
            return _of_certificate(getattr(below, "verify_code", 0), what, check, tell)
        # Only while connecting, and not for an end without a goodbye: that may be the network's doing.
        case ssl.SSLError(errno=ssl.SSL_ERROR_SSL) if below is not error:
            return (
                f"The {what}'s address begins with https, but what answers there speaks none that this computer "
                f"knows: check {check}, and {tell}."
            )
        case socket.gaierror(errno=number) if number in _NO_SUCH_HOST:
            return (
                f"The host of the {what}'s address isn't known: check this computer's connection to the internet, "
                f"and {check}."
            )
        case socket.gaierror():
            return (
                f"The host of the {what}'s address can't be looked up now: check this computer's connection to the "
                "internet."
            )
        case Elsewhere():
            return f"The {what}'s address leads to another host, where this agent doesn't follow: {tell}."
        case aiohttp.ClientResponseError(status=status) if status < 500 and status not in _PASSING:
            return f"What answers at the {what}'s address isn't LERA, or lets no agent in: check {check}, and {tell}."
    return ""


def _of_certificate(code: int, what: str, check: str, tell: str) -> str:
    its = f"The certificate of the {what}'s address"
    if code == _EXPIRED:
        return f"{its} has expired by this computer's clock: check the date here, and {tell}."
    if code == _NOT_YET:
        return f"{its} isn't valid yet by this computer's clock: check the date here, and {tell}."
    if code in _OTHER_NAME:
        return f"{its} is for another name: check {check}, and {tell}."
    return f"The {what}'s address has a certificate that this computer doesn't trust: {tell}."
