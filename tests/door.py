"""A door for tests, and a token that opens it for ever."""

from transport.tokens import Door, DoorTerms, TokenMaker

LINK = "0123456789ab"
FOREVER = 2.0**32 - 1


def maker(channel: str = "demo") -> TokenMaker:
    """What signs the tokens of tests."""
    return TokenMaker(channel, bytes(32))


def door(channel: str = "demo") -> Door:
    """A door without revocations or bans."""
    return Door(DoorTerms(channel, maker(channel).public_key))


TOKEN = maker().make(LINK, 0.0, FOREVER)
