"""The page behind a join link: the secret stays in the browser, and the command is safe to paste."""

import json

import msgspec
import pytest
from playwright.sync_api import expect

from tests.overlay.conftest import Theatre
from tests.overlay.stage import Stage
from transport.reading import Post, agent_decoder, sums_to_one

pytestmark = pytest.mark.browser


def test_builds_the_command_from_the_link(theatre: Theatre, stage: Stage) -> None:
    page = theatre.open("/join/demo#example-token_123", permissions=["clipboard-read", "clipboard-write"])
    command = f'python run.py viewer "{stage.url}/join/demo#example-token_123"'
    expect(page.locator(".line")).to_have_text(command)
    expect(page.get_by_role("heading", level=1)).to_have_text("Let demo feel the crowd")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == command
    assert not any("example-token" in path for path in stage.requests)


@pytest.mark.parametrize(
    "path",
    ["demo", "demo#", 'demo#a";rm -rf ~;"', "demo#$(id)", "de%22mo#abc", "demo#`a`"],
)
def test_a_damaged_link_gives_no_command(theatre: Theatre, path: str) -> None:
    page = theatre.open(f"/join/{path}")
    expect(page.locator(".missing")).to_be_visible()
    expect(page.locator(".ready")).to_be_hidden()
    assert page.locator(".line").text_content() == ""


def test_the_example_is_a_real_message(theatre: Theatre) -> None:
    shown = theatre.open("/join/demo#abc").locator(".example").inner_text()
    post = agent_decoder.decode(shown)
    assert isinstance(post, Post) and sums_to_one(post.probabilities)
    assert set(json.loads(shown)) == set(msgspec.to_builtins(post)), "nothing that is sent is left out"
