"""Who may join: signed join tokens, and the door that judges them. Pure: time comes in, in seconds since 1970.

A token is base64url, without padding, of: version (1 byte), role (1), issued (4), expires (4), id (6), for a linked
viewer the subject (12), and an Ed25519 signature (64, RFC 8032) over all of it and the channel's name. 107 characters,
123 with a subject. The id is the link's: whoever came in by a link keeps its id, however often the token is renewed,
so that taking back a link takes back all that came of it.

Who signs has a seed, which never leaves the bot. Who judges needs `DoorTerms`, in which nothing is secret.
"""

import base64
import binascii
import hashlib
import struct
from collections import OrderedDict
from typing import Annotated, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct
from msgspec.structs import replace

from transport.reading import Channel
from transport.refusal import Refusal

TOKEN_VERSION: Final = 1
ID_BYTES: Final = 6
SUBJECT_BYTES: Final = 12
MOST_ENTRIES: Final = 10_000
"""Revoked ids and ended subjects of one channel, each."""
MOST_MARKS: Final = 2 * MOST_ENTRIES
"""Of all who are banned. All of these together go over NATS in one message, which may have 1 MiB."""

_HEAD: Final = struct.Struct(f">BBII{ID_BYTES}s")
_ANONYMOUS: Final = 0
_LINKED: Final = 1
_SIGNATURE_BYTES: Final = 64
_LATEST: Final = 2**32 - 1
_DOMAIN: Final = b"LERA join token\0"

TokenId = Annotated[str, Meta(pattern=f"^[0-9a-f]{{{2 * ID_BYTES}}}$")]
Mark = Annotated[str, Meta(pattern=f"^[0-9a-f]{{{2 * SUBJECT_BYTES}}}$")]
"""A subject, or a viewer's mark: a keyed hash as hexadecimal digits."""

WRONG: Final = "this link is not valid (any more): ask the streamer for the current one"
OTHER_CHANNEL: Final = "this link leads to another channel's stream: copy the streamer's link whole"
EXPIRED: Final = "this link has expired: ask the streamer for a new one"
REVOKED: Final = "the streamer has taken this link back: ask for another one"
BANNED: Final = "you are banned from this stream's mood; only the streamer or a moderator can lift that"


class DoorTerms(Struct, frozen=True):
    """All that a door goes by: small, and public, so that it may travel to every node.

    `revoked` are ids of links. `ended` says of a subject that linked tokens issued until then link no more; they let
    in as an anonymous viewer. `banned` are subjects, and viewers by `viewer_mark`.
    """

    channel: Channel
    public_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    revoked: Annotated[frozenset[TokenId], Meta(max_length=MOST_ENTRIES)] = frozenset()
    ended: Annotated[dict[Mark, float], Meta(max_length=MOST_ENTRIES)] = {}
    banned: Annotated[frozenset[Mark], Meta(max_length=MOST_MARKS)] = frozenset()


class Admission(Struct, frozen=True):
    """As what a viewer was let in. `subject` says which person it is, opaquely, and is empty unless `linked`.

    `key` is the public key that the token was signed for; empty for who came another way than by a token.
    """

    linked: bool = False
    subject: str = ""
    token_id: str = ""
    issued: float = 0.0
    expires: float = float("inf")
    key: bytes = b""

    def is_due(self, now: float) -> bool:
        """Whether half of the token's life is over, so that a fresh one is due; never for who came without one."""
        return bool(self.token_id) and now >= (self.issued + self.expires) / 2


class Issuer(Protocol):
    """Who gives tokens to viewers that are in; the bot, which alone has the seed. All times in seconds since 1970."""

    def renewed(self, admission: Admission, now: float) -> str:
        """A fresh token in place of one that has lived half its life; empty while that isn't so."""

    def anonymous(self, admission: Admission, now: float) -> str:
        """A token that lets in as before, and links with nobody."""

    def unlinked(self, subject: str, now: float) -> None:
        """From now on no token issued so far links with this person."""

    def came(self, subject: str) -> None:
        """A viewer is in by whose token this person is linked."""


class TokenMaker:
    """Signs one channel's tokens."""

    def __init__(self, channel: str, seed: bytes) -> None:
        """`seed`: 32 random bytes, which nobody else may know."""
        self.channel = channel
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    def make(self, token_id: str, issued: float, expires: float, subject: str = "") -> str:
        """A token; with a subject for that linked person, else for an anonymous viewer. Whole seconds count."""
        role = _LINKED if subject else _ANONYMOUS
        head = _HEAD.pack(TOKEN_VERSION, role, _whole(issued), _whole(expires), bytes.fromhex(token_id))
        body = head + bytes.fromhex(subject)
        return _encoded(body + self._key.sign(_signed(self.channel, body)))


class Door:
    """Judges tokens by a channel's terms. Pure."""

    REMEMBERED: Final = 4096

    def __init__(self, terms: DoorTerms) -> None:
        self.terms = terms
        self._key = Ed25519PublicKey.from_public_bytes(terms.public_key)
        # Tokens whose signature has been found right. Everybody who comes by one link brings the same, and checking
        # costs as much as decoding three hundred frames. Wrong ones are not kept: there is no end to them.
        self._known: OrderedDict[str, Admission] = OrderedDict()

    def update(self, terms: DoorTerms) -> None:
        """Go by these terms from now on."""
        if terms.public_key != self.terms.public_key:
            self._key = Ed25519PublicKey.from_public_bytes(terms.public_key)
            self._known.clear()
        self.terms = terms

    def admit(self, channel: str, token: str, viewer: str, now: float) -> Admission:
        """Let a viewer in, or raise Refusal with what to do. Nothing in a token counts before its signature does."""
        if channel != self.terms.channel:
            raise Refusal("other channel", OTHER_CHANNEL)
        admission = self._read(token)
        if admission.expires <= now:
            raise Refusal("expired", EXPIRED, link=True)
        return self.check(admission, viewer)

    def check(self, admission: Admission, viewer: str) -> Admission:
        """What an admission is worth by the terms of now. Raises Refusal when it is worth nothing any more."""
        terms = self.terms
        if admission.key and admission.key != terms.public_key:
            raise Refusal("token", WRONG, link=True)
        if admission.token_id in terms.revoked:
            raise Refusal("revoked", REVOKED, link=True)
        # Banned, too, whose link has been ended since: a ban is no way to shake it off.
        banned = terms.banned
        if banned and (admission.subject in banned or viewer_mark(terms.channel, viewer) in banned):
            raise Refusal("banned", BANNED)
        if admission.linked and admission.issued <= terms.ended.get(admission.subject, float("-inf")):
            return replace(admission, linked=False, subject="")
        return admission

    def _read(self, token: str) -> Admission:
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = read_token(self._key, self.terms, token)
            if len(self._known) > self.REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(token)
        return known


def read_token(key: Ed25519PublicKey, terms: DoorTerms, token: str) -> Admission:
    """What a token says, once its signature is right. Raises Refusal."""
    wrong = Refusal("token", WRONG, link=True)
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        raise wrong from None
    # Of the many ways to write the same bytes, one counts.
    if len(raw) not in _LENGTHS or _encoded(raw) != token:
        raise wrong
    body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    try:
        key.verify(signature, _signed(terms.channel, body))
    except InvalidSignature:
        raise wrong from None
    version, role, issued, expires, token_id = _HEAD.unpack_from(body)
    subject = body[_HEAD.size :].hex()
    if version != TOKEN_VERSION or role != (_LINKED if subject else _ANONYMOUS):
        raise wrong
    return Admission(bool(subject), subject, token_id.hex(), float(issued), float(expires), terms.public_key)


def viewer_mark(channel: str, viewer: str) -> str:
    """What stands for a viewer's key where it is banned.

    Keys are chance of 128 bits, so that none can be found by trying; keyed by the channel, so that two channels' marks
    can't be compared.
    """
    return hashlib.blake2b(viewer.encode(), key=channel.encode(), digest_size=SUBJECT_BYTES).hexdigest()


_LENGTHS: Final = (_HEAD.size + _SIGNATURE_BYTES, _HEAD.size + SUBJECT_BYTES + _SIGNATURE_BYTES)


def _signed(channel: str, body: bytes) -> bytes:
    # No channel's name has a zero in it, so that two never run into the same bytes.
    return _DOMAIN + channel.encode() + b"\0" + body


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _whole(seconds: float) -> int:
    return min(max(int(seconds), 0), _LATEST)
