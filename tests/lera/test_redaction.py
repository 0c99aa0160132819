"""No token, secret or code survives in a log record."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import twitchio
from twitchio.http import Route

from lera import redaction
from lera.redaction import MARK, Redaction, hide, redacted

TOKEN = "cfabdegwdoklmawdzdo98xt2fo512y"
REFRESH = "eyj0eyj0eyj0eyj0eyj0eyj0eyj0eyj0eyj0eyj0eyj0eyj012"
DEVICE = "ike3GM8QIdYZs43KdrWPIO36LofILoCyFEzjlQ91"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger whose handler redacts, and what it has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(Redaction())
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger, written
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "text",
    [
        f"POST https://id.twitch.tv/oauth2/token?client_id=app&client_secret={TOKEN}&grant_type=client_credentials",
        f"refresh_token={REFRESH}&grant_type=refresh_token",
        f"Authorization: Bearer {TOKEN}",
        f"Authorization: OAuth {TOKEN}",
        f"oauth:{TOKEN}",
        f"{{'access_token': '{TOKEN}', 'refresh_token': '{REFRESH}'}}",
        json.dumps({"device_code": DEVICE, "user_code": "ABCDEFGH"}),
        "https://www.twitch.tv/activate?public=true&device-code=ABCDEFGH",
        f"http://localhost:3000/?code={TOKEN}&scope=chat",
        f"the token {TOKEN} is bare, and so is {REFRESH}",
    ],
)
def test_no_secret_survives(text: str) -> None:
    shown = redacted(text)
    assert MARK in shown
    assert not any(secret in shown for secret in (TOKEN, REFRESH, DEVICE, "ABCDEFGH"))


@pytest.mark.parametrize(
    "text",
    [
        "Twitch's chat connection ended: an error in the network (4006); LERA connects again by itself.",
        "status code: 500, close code 4003, code 17",
        "client_id=app0app0app is no secret",
        "OBS refuses the password: copy it again. The token: ask the streamer.",
        "subscription 0b7f3361-672b-4d39-b307-dd5b576c9b27 is there already",
        "happiness sadness neutral anger surprise disgust fear",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redacted(text) == text


def test_what_was_told_to_be_hidden_is_hidden_wherever_it_stands() -> None:
    hide("a-very-own-secret")
    assert redacted("so a-very-own-secret!") == f"so {MARK}!"
    hide("short")
    assert redacted("short words stay") == "short words stay"


def test_records_lose_their_secrets_arguments_and_tracebacks_too(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.info("using %s for %d things", f"Bearer {TOKEN}", 3)
    route = Route("POST", "/oauth2/token", use_id=True, params={"client_secret": TOKEN, "refresh_token": REFRESH})
    assert TOKEN in str(route), "twitchio puts secrets into addresses, and addresses into its errors"
    try:
        raise twitchio.HTTPException(f"Request {route} failed with status 400", route=route, status=400, extra="")
    except twitchio.HTTPException:
        logger.exception("it failed")
    said = written.getvalue()
    assert "HTTPException" in said and "for 3 things" in said
    assert TOKEN not in said and REFRESH not in said


def test_a_record_that_does_not_fit_its_arguments_is_written_all_the_same(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, written = log
    logger.info("%d of them", "five")
    assert "of them" in written.getvalue()


def test_twitchios_own_debug_lines(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.debug("Attempting a request to %r with %s.", Route("GET", "users", params={"token": TOKEN}), "HTTPClient")
    logger.debug('Received "notification": %s', {"transport": {"secret": TOKEN}})
    assert TOKEN not in written.getvalue()


def test_installing_covers_the_root_and_uncaught_errors_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    redaction.install()
    redaction.install()
    assert sum(isinstance(each, Redaction) for each in handler.filters) == 1
    error = ValueError(f"access_token={TOKEN}")
    sys.excepthook(ValueError, error, None)
    said = capsys.readouterr().err
    assert "ValueError" in said and TOKEN not in said


def test_a_secret_may_be_learnt_while_a_line_is_looked_through() -> None:
    class Text(str):
        """A line in whose midst another thread reads the vault."""

        def __contains__(self, secret: object) -> bool:
            hide("learnt-in-between")
            return str(secret) in str(self)

    hide("known-before-that")
    assert redacted(Text("so known-before-that is out")) == f"so {MARK} is out"
