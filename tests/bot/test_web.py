"""Who may see which page, and that each is what it should be."""

import asyncio
import contextlib
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.settings import WebSettings
from bot.web import OVERLAY_FOLDER
from lera.errors import LeraError
from tests.bot.stage import HAPPY, OVERLAY_KEY, STREAMER_KEY, Theatre, theatre

PRIVATE = [
    "/", "/overlay/", "/dashboard/", "/live", "/api/mood", "/api/history", "/api/links", "/api/status", "/api/card.png",
    "/api/virtual-camera", "/api/twitch",
]  # fmt: skip
PAGES = ["/overlay", "/overlay/", "/dashboard", "/dashboard/", "/api/mood", "/api/links", "/api/status", "/healthz"]
PUBLIC = ["/healthz", "/join/demo", "/hub"]


async def test_every_page_answers_here() -> None:
    async with theatre() as stage:
        for place in PAGES:
            async with stage.session.get(place) as answer:
                assert answer.status == 200, place
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        async with stage.session.get("/overlay?theme=light") as answer:
            assert answer.url.path_qs == "/overlay/?theme=light"
        async with stage.session.get("/nothing") as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "mood.example"},
        {"Host": "evil.example:8765"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Cf-Connecting-Ip": "203.0.113.7"},
        {"Origin": "https://evil.example"},
    ],
)
async def test_private_pages_are_closed_to_tunnels_and_foreign_sites(headers: dict[str, str]) -> None:
    async with theatre() as stage:
        for place in PRIVATE:
            async with stage.session.get(place, headers=headers, allow_redirects=False) as answer:
                assert answer.status == 403, place


async def test_public_pages_are_open_to_tunnels() -> None:
    async with theatre() as stage:
        for place in PUBLIC:
            async with stage.session.get(place, headers={"Host": "mood.example"}) as answer:
                assert answer.status in (200, 400), place  # 400: the hub wants a WebSocket


async def test_the_join_page_has_all_it_needs_where_only_public_pages_are_open() -> None:
    page = (OVERLAY_FOLDER / "join.html").read_text("utf-8")
    async with theatre() as stage:
        for name in [path.name for path in OVERLAY_FOLDER.glob("*") if f"/{path.name}" in page]:
            async with stage.session.get(f"/overlay/{name}", headers={"Host": "mood.example"}) as answer:
                assert answer.status == 200, name


async def test_a_trusted_machine_may_open_the_overlay() -> None:
    web = WebSettings(trusted_addresses=("127.0.0.1",))
    async with (
        theatre(web=web) as stage,
        stage.session.get("/overlay/", headers={"Host": "192.168.1.10:8765"}) as answer,
    ):
        assert answer.status == 200


async def test_links_name_the_public_address_and_keep_every_key_in_the_fragment() -> None:
    async with theatre(web=WebSettings(public_url="https://mood.example/")) as stage:
        async with stage.session.get("/api/links") as answer:
            links = await answer.json()
        token = stage.show.access.token(stage.show.now())
        assert links["join"] == f"https://mood.example/join/demo#{token}"
        assert links["overlay"] == f"{stage.address}/overlay/#key={OVERLAY_KEY}"
        assert links["dashboard"] == f"{stage.address}/dashboard/#key={STREAMER_KEY}"


@pytest.mark.parametrize("seconds", ["nan", "inf", "-5", "x", "1e400", ""])
async def test_nonsense_in_a_query_is_no_error_of_ours(seconds: str) -> None:
    async with theatre() as stage, stage.session.get(f"/api/history?seconds={seconds}") as answer:
        assert answer.status in (200, 400)


async def test_no_path_leads_out_of_the_overlay_folder() -> None:
    async with theatre() as stage:
        for place in ("/overlay/../config.toml", "/overlay/%2e%2e/config.toml", "/overlay/..%2fconfig.toml"):
            async with stage.session.get(place) as answer:
                assert answer.status in (403, 404), place


async def test_a_taken_port_is_one_line_that_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(LeraError, match=r"under \[web\]"):
        async with theatre(port=taken.getsockname()[1]):
            pass


async def test_an_overlay_that_never_reads_does_not_hold_up_the_others() -> None:
    async with theatre() as stage:
        host, port = stage.address.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(
            b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await writer.drain()
        for number in range(3):
            stage.join(number, HAPPY)
        await stage.until(lambda frame: frame["enough"])
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_too_many_overlays_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.MAX_PAGES", 1)
    async with theatre() as stage, stage.session.ws_connect("/live"), stage.session.get("/live") as answer:
        assert answer.status == 503 and "close some" in await answer.text()


def test_the_folder_is_there() -> None:
    assert (Path(OVERLAY_FOLDER) / "index.html").is_file()


async def log_in(stage: Theatre, body: str = '{"account": "bot"}', **headers: str) -> tuple[int, str]:
    """What the dashboard's button asks for; gives status and answer."""
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with stage.session.post("/api/twitch/login", data=body, headers=sent) as answer:
        return answer.status, await answer.text()


async def test_twitch_is_told_in_one_line_and_a_login_needs_an_app() -> None:
    async with theatre() as stage:
        async with stage.session.get("/api/twitch") as answer:
            told = await answer.json()
            assert answer.headers["Cache-Control"] == "no-store"
        assert told["state"] == "unset" and "client_id" in told["line"] and told["login"] is None
        async with stage.session.get("/api/status") as answer:
            assert (await answer.json())["twitch"] == told["line"]
        assert await log_in(stage) == (409, told["line"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "mood.example"}, 403),
        # What a form of another site can send in a browser that tells no origin.
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
async def test_no_other_sites_page_starts_a_login(headers: dict[str, str], status: int) -> None:
    async with theatre() as stage:
        assert (await log_in(stage, **headers))[0] == status


async def test_a_login_names_one_of_the_two_accounts() -> None:
    async with theatre() as stage:
        for body in ('{"account": "admin"}', "{}", "no json", "[]"):
            assert (await log_in(stage, body))[0] == 400, body


async def test_a_page_that_vanishes_within_the_handshake_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def vanish(_response: web.WebSocketResponse) -> None:
        raise ConnectionResetError

    async with theatre() as stage:
        with monkeypatch.context() as patch:
            patch.setattr(web.WebSocketResponse, "_write_headers", vanish)
            with pytest.raises(aiohttp.ClientError):
                await stage.session.ws_connect("/live")
        assert not caplog.text
        await stage.until(lambda frame: frame["type"] == "mood")
