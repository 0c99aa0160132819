"""The secret in the streamer's join link."""

import secrets

from lera.vault import keep_secret, secret


def join_token(channel: str, renew: bool = False) -> str:
    """The channel's join token, made and kept in the keyring on first use; `renew` makes all old links worthless."""
    name = f"join-token:{channel}"
    kept = None if renew else secret(name)
    if kept is None:
        kept = secrets.token_urlsafe(18)
        keep_secret(name, kept)
    return kept
