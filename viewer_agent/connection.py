"""What carries readings to a joined stream: the hub's client or the Sheet's, as the stream's link says."""

from collections.abc import Callable

from transport.hub_client import HubClient
from transport.sheet_account import account, forget_login
from transport.sheet_client import SheetClient
from transport.unreached import Faults
from transport.way import Way, told_of
from viewer_agent.channels import Joined

Client = HubClient | SheetClient


def connection(
    entry: Joined,
    token: str,
    key: str,
    given: str = "",
    on_given: Callable[[str], None] | None = None,
    *,
    insecure: bool = False,
    say: Callable[[str], None] = print,
) -> Callable[[Callable[[str], None]], Client]:
    """What makes the client of a stream, given the callback for its state. Raises LeraError.

    `key` is a Sheet's key file, empty where a login is kept. A Sheet's viewer may be asked in the browser, now. `given`
    is the token that the hub gave this viewer since, if any, and `on_given` gets its next ones. `insecure` lets it join
    over the internet unencrypted; `say` is told in one line where others could listen, and once why the hub can't be
    reached, where that is somebody's to mend.
    """
    if not entry.by_sheet:

        def make(on_state: Callable[[str], None]) -> HubClient:
            told: Way | None = None
            faults = Faults(say)

            def hear(state: str) -> None:
                nonlocal told
                if state == "joined" and client.way is not None and client.way != told:
                    told = client.way
                    if told_of(told):
                        say(told_of(told))
                on_state(state)
                if state != "connecting":
                    faults.hear(client.fault, state == "joined")

            client = HubClient(
                entry.url, entry.channel, token, entry.viewer, hear, given=given, on_given=on_given, insecure=insecure
            )
            return client

        return make
    owner = account(token, key)
    owner.check_place(entry.url)
    return lambda on_state: SheetClient(
        owner.table(token, entry.url), entry.channel, entry.viewer, on_state, shared=bool(owner.email)
    )


def drop_login(entry: Joined, token: str) -> None:
    """Erase what was kept to log in to a stream's Sheet."""
    if entry.by_sheet:
        forget_login(token)
