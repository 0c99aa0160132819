"""For use by hand: the page where a login's code is entered, and a box to speak in chat."""

import html
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tests.standins.twitch.refusal import Refusal

if TYPE_CHECKING:
    from tests.standins.twitch.twitch import Twitch

PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A local Twitch</title>
<style>body{{font:16px system-ui;max-width:40rem;margin:2rem auto}}input,button{{font:inherit;margin:.2rem}}</style>
<h1>A local Twitch</h1><p role="status">{said}</p>{body}</html>"""
ACTIVATE: Final = """<form method="post"><label>Code <input name="user_code" value="{code}" required></label>
<label>as <input name="login" value="{login}" required></label><button>Agree</button></form>"""
CONTROL: Final = """<form method="post" action="/say"><input name="name" value="ann"><input name="text" value="!mood">
<button>Say</button></form>
<form method="post" action="/do"><button name="what" value="live">Go live</button>
<button name="what" value="offline">Go offline</button><button name="what" value="reconnect">Reconnect</button>
<button name="what" value="drop">Drop connections</button><button name="what" value="expire">Expire tokens</button>
<button name="what" value="revoke">Revoke the bot</button></form>
<p>{open} connection(s). Said by the bot:</p><ol>{sent}</ol>"""


def routes(twitch: "Twitch") -> list[web.RouteDef]:
    def page(body: str, said: str = "") -> web.Response:
        return web.Response(text=PAGE.format(body=body, said=html.escape(said)), content_type="text/html")

    def control(said: str = "") -> web.Response:
        sent = "".join(f"<li>{html.escape(each.text)}</li>" for each in twitch.sent[-20:])
        return page(CONTROL.format(open=len(twitch.sessions), sent=sent), said)

    async def activate(request: web.Request) -> web.Response:
        code = html.escape(request.query.get("device-code", ""))
        return page(ACTIVATE.format(code=code, login=twitch.bot.login))

    async def agree(request: web.Request) -> web.Response:
        form = await request.post()
        login = str(form.get("login", ""))
        try:
            twitch.authorize(str(form.get("user_code", "")), login)
        except Refusal as refusal:
            return page("", refusal.message)
        return page("", f"{login} has agreed. You may close this page.")

    async def index(_: web.Request) -> web.Response:
        return control()

    async def say(request: web.Request) -> web.Response:
        form = await request.post()
        await twitch.say(str(form.get("name") or "ann"), str(form.get("text", "")))
        return control("Said.")

    async def act(request: web.Request) -> web.Response:
        match (await request.post()).get("what"):
            case "live" if twitch.streamer.stream is None:
                await twitch.go_live()
            case "offline" if twitch.streamer.stream is not None:
                await twitch.go_offline()
            case "reconnect":
                await twitch.reconnect()
            case "drop":
                twitch.drop()
            case "expire":
                twitch.expire_tokens()
            case "revoke":
                await twitch.revoke(twitch.bot.login)
            case _:
                return control("Nothing to do.")
        return control("Done.")

    return [
        web.get("/", index),
        web.get("/activate", activate),
        web.post("/activate", agree),
        web.post("/say", say),
        web.post("/do", act),
    ]
