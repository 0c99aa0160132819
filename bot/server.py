"""The ports of a show, and what is served at each."""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator

from bot.settings import WebSettings
from bot.show import Show
from bot.web import Pages
from lera.errors import LeraError
from transport.listening import keep_quiet, listen, open_files_as_allowed, site, url_of


def check_ports(settings: WebSettings) -> None:
    """See that the ports can be opened, before what a bot that runs goes on with is changed. Raises LeraError."""
    for port in (settings.port, settings.public_port):
        try:
            if port:
                listen(settings.host, port).close()
        except LeraError as error:
            if getattr(error.__context__, "errno", None) != errno.EADDRINUSE:
                raise LeraError(f"{error} Nothing has changed.") from None
            raise LeraError(
                f"Port {port} is taken, so the bot seems to be running: use Keys on its dashboard, or stop it first. "
                "Nothing has changed."
            ) from None


@contextlib.asynccontextmanager
async def serving(show: Show, port: int | None = None, or_any: bool = False) -> AsyncIterator[str]:
    """Serve the show's pages while the context lasts; gives the base URL of overlay and dashboard.

    `port` instead of the setting's; 0 is any free one. When it is taken: any other with `or_any`, else LeraError. With
    `[web] public_port`, the hub and the join page alone are served there as well: the port for a tunnel.
    """
    settings = show.settings.web
    try:
        private = listen(settings.host, settings.port if port is None else port)
    except LeraError:
        if not or_any:
            raise
        private = listen(settings.host, 0)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(private.close)
        address = url_of(settings.host, private)
        public = None
        if settings.public_port and port is None:
            public = stack.enter_context(contextlib.closing(listen(settings.host, settings.public_port)))
        show.public_url = settings.public_url.rstrip("/") or url_of(settings.host, public or private)
        pages = Pages(show, address)
        open_files_as_allowed()
        keep_quiet(asyncio.get_running_loop())
        for listener, app in ((private, pages.application()), (public, pages.public_application())):
            if listener is not None:
                await stack.enter_async_context(site(listener, app, show.settings.hub.join_timeout))
        stack.push_async_callback(show.hub.close)
        yield address
