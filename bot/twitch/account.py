"""`--login` and `--logout` in the terminal."""

import contextlib
import sys
from collections.abc import AsyncIterator

import aiohttp

from bot.twitch.card import UNSET
from bot.twitch.endpoints import Endpoints, endpoints
from bot.twitch.faults import login_line
from bot.twitch.identity import Identity
from bot.twitch.login import begin
from bot.twitch.scopes import Role, features_of, scopes_for
from bot.twitch.settings import TwitchSettings
from bot.twitch.tokens import ROLES, Keeper
from lera import vault
from lera.errors import LeraError
from lera.folders import data_folder


async def log_in(settings: TwitchSettings, role: Role) -> int:
    """Log one account in with a code that a person types at Twitch. Raises LeraError."""
    places = endpoints()
    async with _identity(settings, places) as identity:
        keeper = Keeper(identity)
        await keeper.load()
        scopes = scopes_for(role, settings)
        login = await begin(role, scopes, identity, places)
        whose = "your channel's account" if role == "broadcaster" else "the account that is to chat for you"
        print(f"Log in with {whose}. LERA asks Twitch for leave to:")
        for scope, feature in features_of(scopes).items():
            print(f"  {scope:<26} {feature}")
        if _can_print(login.blocks):
            print(login.blocks)
        print("Keep the code off the stream: it logs in whoever types it.")
        print(f"Scan this, or open {login.link} and type the code {login.code}", flush=True)
        account = await login.finished(identity, keeper)
    if not vault.has_keyring():
        kept = data_folder() / "secrets.json"
        print(
            f"Warning: there is no keyring here. The login is kept in {kept}, readable by you alone.", file=sys.stderr
        )
    print(f"{account.login} is logged in. Start the show, or start it again: `python run.py bot`.")
    return 0


async def look(settings: TwitchSettings) -> str:
    """Who is logged in, as Twitch itself confirms. Raises LeraError with what to do."""
    async with _identity(settings, endpoints()) as identity:
        keeper = Keeper(identity)
        await keeper.load()
        try:
            await keeper.check()
        finally:
            await keeper.close()
        channel, me = keeper.broadcaster, keeper.chatter
    missing = sorted(set(scopes_for("broadcaster", settings)) - set(channel.scopes))
    if missing:
        raise LeraError(login_line(f"Some features lack their scope ({', '.join(missing)})."))
    return f"{me.login} chats in {channel.login}'s channel"


async def log_out(settings: TwitchSettings) -> int:
    """Revoke and erase the logins of both accounts. Raises LeraError when Twitch could not be told."""
    untold: LeraError | None = None
    async with _identity(settings, endpoints()) as identity:
        keeper = Keeper(identity)
        for role in ROLES:
            try:
                account = await keeper.forget(role)
            except LeraError as error:
                untold = error
            else:
                print(f"{account.login} is logged out." if account else f"No {role} was logged in.")
    if untold is not None:
        raise LeraError(
            f"The logins are erased here, but Twitch could not be told: {untold} "
            "You can end them at twitch.tv/settings/connections."
        )
    return 0


@contextlib.asynccontextmanager
async def _identity(settings: TwitchSettings, places: Endpoints) -> AsyncIterator[Identity]:
    if not settings.client_id:
        raise LeraError(UNSET)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        yield Identity(http, settings.client_id, places.identity)


def _can_print(text: str) -> bool:
    """Whether the terminal shows it: an old Windows console has no blocks, and a file wants none."""
    if not sys.stdout.isatty():
        return False
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
