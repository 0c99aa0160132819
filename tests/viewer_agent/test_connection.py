"""A pasted link leads to the hub or to the Sheet; consent and forgetting are the same for both."""

import asyncio
import json
from pathlib import Path

import pytest

from lera.errors import LeraError
from lera.vault import keep_secret, secret
from tests.transport.sheet_stage import eventually, key_of, sheet_stage
from transport.hub_client import HubClient
from transport.link import parse_link
from transport.sheet_account import login_name
from transport.sheet_client import SheetClient
from viewer_agent import __main__ as program
from viewer_agent.channels import channel_token, join_channel, joined_channels
from viewer_agent.connection import connection

SHEET_LINK = "lera+sheet://sheets.googleapis.com/demo#1A2b3C4d5E6f7G8h9I0j"


def test_the_link_says_which_way_to_go(capsys: pytest.CaptureFixture[str]) -> None:
    hub = join_channel(parse_link("https://mood.example/join/demo#a-token"))
    sheet = join_channel(parse_link(SHEET_LINK))
    assert not hub.by_sheet and sheet.by_sheet and sheet.place == "sheets.googleapis.com"
    assert channel_token(sheet) == "1A2b3C4d5E6f7G8h9I0j"
    assert program.main(["--list"]) == 0
    assert "1A2b3C4d5E6f7G8h9I0j" not in capsys.readouterr().out


async def test_each_way_has_its_client() -> None:
    hub = join_channel(parse_link("https://mood.example/join/demo#a-token"))
    assert isinstance(connection(hub, "a-token", "")(print), HubClient)
    sheet = join_channel(parse_link(SHEET_LINK))
    with pytest.raises(LeraError, match="--key FILE"):
        connection(sheet, "1A2b3C4d5E6f7G8h9I0j", "")
    kept = {
        "refresh_token": "r",
        "client_id": "c",
        "client_secret": "s",
        "token_uri": "https://oauth2.googleapis.com/t",
    }
    keep_secret(login_name("1A2b3C4d5E6f7G8h9I0j"), json.dumps(kept))
    client = connection(sheet, "1A2b3C4d5E6f7G8h9I0j", "")(print)
    assert isinstance(client, SheetClient)
    await client.close()


async def test_forgetting_erases_the_row_the_vote_and_the_login(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        await eventually(lambda: len(stage.control()) > 8)
        keep_secret(login_name(stage.book), json.dumps(stage.google.logins.add_person("ann@example.com")))
        address = stage.google.url.removeprefix("http://")
        entry = join_channel(parse_link(f"lera+sheet://{address}/demo#{stage.book}"))
        client = connection(entry, stage.book, "")(lambda _: None)
        client.post((1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
        running = asyncio.create_task(client.run())
        await eventually(lambda: entry.viewer in stage.crowd.votes)
        await client.close()
        await running
        assert await program._forget("") == 0
        assert stage.crowd.forgotten == [entry.viewer] and not stage.crowd.votes
        assert entry.viewer not in str(stage.rows())
        assert joined_channels() == [] and secret(login_name(stage.book)) is None
        assert "has erased what it kept of you" in capsys.readouterr().out
    assert key_of("ann") not in capsys.readouterr().out
