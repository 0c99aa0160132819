"""`python run.py hub`: a node, which takes in viewers beside others, for any number of channels."""

import argparse
import asyncio
import contextlib
import logging
import socket
import sys
from pathlib import Path

from msgspec import Struct

from lera import logs
from lera.asking import ask_secret
from lera.clock import steady_clock
from lera.configuration import read_configuration
from lera.errors import LeraError
from lera.logs import LogSettings
from lera.signals import run_until_stopped
from transport.bus_login import Login, find_login, keep_login, parse_servers
from transport.desk import HubSettings
from transport.listening import keep_quiet, listen, open_files_as_allowed, site, url_of

PORT = 8766
METRICS = "127.0.0.1:9766"

logger = logging.getLogger(__name__)


class Place(Struct, frozen=True):
    """Where a node listens, what it is called, and how it reaches NATS."""

    nats: str
    login: Login
    hub: HubSettings
    host: str = "127.0.0.1"
    port: int = PORT
    name: str = ""
    metrics: tuple[str, int] | None = None


def main(argv: list[str] | None = None) -> int:
    """Run a node until Ctrl-C. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="run.py hub", description="Take in viewers beside other hubs, for all channels whose bots are on NATS."
    )
    parser.add_argument("--nats", metavar="URL", help="such as nats://host:4222 or tls://host (default: [hub] nats)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=PORT, help=f"the port to listen on (default {PORT}; 0: any)")
    parser.add_argument("--name", default=socket.gethostname()[:64], help="what the bot calls it (default: host name)")
    parser.add_argument(
        "--metrics", nargs="?", const=METRICS, metavar="HOST:PORT",
        help=f"serve /metrics for Prometheus there, to whoever reaches it (without a value {METRICS})",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.toml in this folder)")
    parser.add_argument("--nats-login", action="store_true", help="keep NATS's login in the keyring, and exit")
    arguments = parser.parse_args(argv)
    if arguments.nats_login:
        return _keep_login()
    configuration = read_configuration(arguments.config)
    logs.set_up(configuration.section("log", LogSettings))
    settings = configuration.section("hub", HubSettings)
    address = arguments.nats or settings.nats
    if not address:
        raise LeraError("Which NATS? Name it, as in --nats nats://host:4222, or set [hub] nats in config.toml.")
    name = "".join(letter for letter in arguments.name if letter.isprintable())[:64]
    metrics = _address(arguments.metrics) if arguments.metrics else None
    place = Place(address, find_login(settings.nats_login), settings, arguments.host, arguments.port, name, metrics)
    return run_until_stopped(run(place))


async def run(place: Place) -> int:
    """The node from start to stop."""
    # Imported only where it is wanted: it costs a sixth of a second.
    from hub.metrics import metrics_application
    from hub.node import Node

    servers = parse_servers(place.nats)
    listener = listen(place.host, place.port, "--host and --port")
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(listener)
        node = Node(servers, place.login, place.hub, steady_clock(), place.name)
        open_files_as_allowed()
        keep_quiet(asyncio.get_running_loop())
        await stack.enter_async_context(site(listener, node.application(), place.hub.join_timeout))
        if place.metrics is not None:
            private = stack.enter_context(listen(*place.metrics, "--metrics"))
            await stack.enter_async_context(site(private, metrics_application(node), place.hub.join_timeout))
        logs.speaker(logger)(f"This node takes in viewers at {url_of(place.host, listener)}. Ctrl-C ends it.")
        await node.run()
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise LeraError(f"{text} is no address: write it as in --metrics {METRICS}.")
    return host.strip("[]") or "127.0.0.1", int(port)


def _keep_login() -> int:
    print("NATS's login: user:password, or a token. It is not shown; empty forgets the one that is kept.")
    given = ask_secret("Login: ", "login")
    keep_login(given)
    print("The login is kept." if given.strip() else "The login is forgotten.")
    return 0


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
