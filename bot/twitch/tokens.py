"""LERA's tokens on Twitch: kept in the vault before they are used, refreshed once for many callers, checked hourly."""

import asyncio
import contextlib
import logging
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bot.twitch.faults import LoginNeeded, Unreachable, login_line
from bot.twitch.identity import Grant, Identity, Owner
from bot.twitch.scopes import Role, chat_scopes
from lera.errors import LeraError
from lera.redaction import hide
from lera.vault import keep_secret, secret

logger = logging.getLogger(__name__)

ROLES: Final[tuple[Role, ...]] = ("broadcaster", "bot")
HORIZON: Final = 4000.0
"""Seconds: what ends sooner is refreshed now, since the next look is an hour away."""


class Account(Struct, frozen=True):
    """One account that is logged in: ids and names as Twitch gave them, and its tokens for one app."""

    client_id: str
    access: str
    refresh: str
    user_id: str = ""
    login: str = ""
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Account({self.login!r})"


class Keeper:
    """The accounts of both roles. Everyone who needs a token asks here, each time."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._accounts: dict[Role, Account] = {}
        # Refreshes that are under way, by the refresh token that they use up.
        self._renewing: dict[str, asyncio.Task[Account]] = {}
        self._dead: set[str] = set()
        self._writing = asyncio.Lock()
        self._unkept: set[Role] = set()

    @property
    def broadcaster(self) -> Account:
        """The channel's own account. Raises LoginNeeded."""
        return self._account("broadcaster")

    @property
    def chatter(self) -> Account:
        """The account that reads and writes chat: the bot's, or else the broadcaster's. Raises LoginNeeded."""
        return self._account("bot" if "bot" in self._accounts else "broadcaster")

    def account(self, role: Role) -> Account | None:
        """The account of a role, if it is logged in."""
        return self._accounts.get(role)

    async def load(self) -> bool:
        """Read the vault again; True when somebody has logged in or out in the meantime. Raises LeraError."""
        async with self._writing:
            found: dict[Role, Account] = {}
            for role in ROLES:
                if role in self._unkept:
                    # The vault holds tokens that are used up; try once more to make it hold these.
                    await self._keep(role, self._accounts[role])
                    found[role] = self._accounts[role]
                    continue
                account = await asyncio.to_thread(_read, role)
                if account is not None and account.client_id == self._identity.client_id:
                    found[role] = account
            before, self._accounts = self._accounts, found
        return _refreshes(before) != _refreshes(found)

    async def adopt(self, role: Role, grant: Grant) -> Account:
        """Keep the tokens of a login, and learn whose they are. Raises LeraError."""
        account = Account(self._identity.client_id, grant.access_token, grant.refresh_token)
        async with self._writing:
            earlier = await asyncio.to_thread(_read, role)
            await asyncio.to_thread(_write, role, account)
            account = self._named(account, await self._identity.validate(account.access), role)
            fault = self._unfit(account, role, earlier)
            if fault:
                await asyncio.to_thread(_write, role, earlier)
                raise LeraError(fault)
            await asyncio.to_thread(_write, role, account)
            self._accounts[role] = account
            self._unkept.discard(role)
        return account

    async def forget(self, role: Role) -> Account | None:
        """Revoke and erase a login; gives what was erased. Raises LeraError when Twitch could not be told of it."""
        async with self._writing:
            account = await asyncio.to_thread(_read, role)
            await asyncio.to_thread(_write, role, None)
            self._accounts.pop(role, None)
            self._unkept.discard(role)
        if account is not None and not await self._identity.revoke(account.access):
            # Some hours old, it had ended by itself. What renews it works yet, and only what it gives can be revoked.
            with contextlib.suppress(LoginNeeded):
                grant = await self._identity.refresh(account.refresh)
                await self._identity.revoke(grant.access_token)
        return account

    async def check(self) -> None:
        """Have Twitch confirm every token, and refresh those that end before the next check.

        Raises LoginNeeded, Unreachable or Stopped.
        """
        for role in [role for role in ROLES if role in self._accounts]:
            account = self._account(role)
            owner = await self._identity.validate(account.access)
            if owner is None or owner.expires_in < HORIZON:
                account = await self._renewed(role, account.access)
                owner = await self._identity.validate(account.access)
                if owner is None:
                    raise Unreachable("Twitch refuses the token that it has just given; LERA tries again by itself.")
            named = self._named(account, owner, role)
            async with self._writing:
                # Whoever refreshed it meanwhile has the newer tokens; what was learnt here are names.
                account = replace(
                    self._accounts[role], user_id=named.user_id, login=named.login, scopes=named.scopes
                )  # fmt: skip
                if account != self._accounts[role]:
                    await self._keep(role, account)
            if account is self.chatter and not chat_scopes().issubset(account.scopes):
                raise LoginNeeded(login_line(f"{account.login} hasn't allowed LERA to read and write chat.", role))
        self._account("broadcaster")

    async def access(self, user_id: str) -> str:
        """The access token of a user, at this moment. Raises LoginNeeded."""
        return self._account(self._role_of(user_id)).access

    async def renew(self, user_id: str, spent: str) -> str:
        """A token in place of `spent`, which Twitch has refused. Many callers cause one refresh."""
        return (await self._renewed(self._role_of(user_id), spent)).access

    async def close(self) -> None:
        """Let refreshes under way end: half of one would cost the login."""
        await asyncio.gather(*self._renewing.values(), return_exceptions=True)

    def _account(self, role: Role) -> Account:
        account = self._accounts.get(role)
        if account is None:
            raise LoginNeeded(login_line("LERA is not logged in to Twitch."))
        if account.refresh in self._dead:
            raise LoginNeeded(login_line("Twitch has ended LERA's login.", role))
        return account

    def _unfit(self, account: Account, role: Role, earlier: Account | None) -> str:
        """Why an account can't have the role, for people; "" when it can."""
        if role == "broadcaster":
            # The broadcaster may do everything. Who reads the code off the stream and is first to type it must not
            # become that of a channel that is at home here.
            if earlier is None or earlier.user_id in ("", account.user_id):
                return ""
            if earlier.client_id != self._identity.client_id:
                return ""
            return (
                f"{account.login} has typed the code, but LERA belongs to {earlier.login}'s channel. "
                "To move it to another one, run `python run.py bot --logout` first."
            )
        channel = self._accounts.get("broadcaster")
        if channel is None or channel.user_id != account.user_id:
            return ""
        return f"{account.login} is the channel's own account, which chats already: use another one."

    def _role_of(self, user_id: str) -> Role:
        for role, account in self._accounts.items():
            if account.user_id == user_id:
                return role
        raise LoginNeeded(login_line("LERA is not logged in to Twitch."))

    async def _renewed(self, role: Role, spent: str) -> Account:
        account = self._account(role)
        if account.access != spent:
            return account
        task = self._renewing.get(account.refresh)
        if task is None:
            task = asyncio.create_task(self._renew(role, account.refresh))
            self._renewing[account.refresh] = task
            task.add_done_callback(partial(self._renewal_ends, account.refresh))
        # A caller may be cancelled, the refresh may not: the old token is used up, the new one not yet written.
        return await asyncio.shield(task)

    async def _renew(self, role: Role, refresh: str) -> Account:
        try:
            grant = await self._identity.refresh(refresh)
        except LoginNeeded:
            # Somebody else may have used it up: a login from another terminal, a second LERA.
            await self.load()
            account = self._accounts.get(role)
            if account is not None and account.refresh != refresh:
                return account
            self._dead.add(refresh)
            raise
        async with self._writing:
            account = self._account(role)
            if account.refresh != refresh:
                return account  # Somebody has logged in anew in the meantime.
            account = replace(account, access=grant.access_token, refresh=grant.refresh_token)
            await self._keep(role, account)
        return account

    def _renewal_ends(self, refresh: str, task: asyncio.Task[Account]) -> None:
        del self._renewing[refresh]
        if not task.cancelled():
            task.exception()  # Looked at, since all who waited for it may have been cancelled.

    async def _keep(self, role: Role, account: Account) -> None:
        try:
            await asyncio.to_thread(_write, role, account)
        except LeraError as error:
            # Better used unkept than lost: the show goes on.
            if role not in self._unkept:
                logger.error("%s Until then LERA's new Twitch login is kept in memory only.", error)
            self._unkept.add(role)
        else:
            self._unkept.discard(role)
        self._accounts[role] = account

    def _named(self, account: Account, owner: Owner | None, role: Role) -> Account:
        if owner is None or owner.client_id != self._identity.client_id:
            raise LoginNeeded(login_line("Twitch has ended LERA's login.", role))
        return replace(account, user_id=owner.user_id, login=owner.login, scopes=tuple(sorted(owner.scopes or ())))


def _refreshes(accounts: dict[Role, Account]) -> dict[Role, str]:
    return {role: account.refresh for role, account in accounts.items()}


def _name(role: Role) -> str:
    return f"twitch-login:{role}"


def _read(role: Role) -> Account | None:
    kept = secret(_name(role))
    if kept is None:
        return None
    try:
        account = msgspec.json.decode(kept, type=Account)
    except msgspec.MsgspecError:
        return None
    hide(account.access)
    hide(account.refresh)
    return account


def _write(role: Role, account: Account | None) -> None:
    keep_secret(_name(role), None if account is None else msgspec.json.encode(account).decode())
