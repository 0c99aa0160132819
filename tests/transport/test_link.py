import pytest

from lera.errors import LeraError
from transport.link import join_link, parse_link, sheet_link


def test_links_go_there_and_back() -> None:
    link = parse_link(join_link("https://mood.example/lera", "my-channel", "a-token_1"))
    assert link == ("wss://mood.example/lera/hub", "my-channel", "a-token_1")
    assert parse_link(" http://127.0.0.1:8765/join/demo#t ").url == "ws://127.0.0.1:8765/hub"


@pytest.mark.parametrize(
    "link",
    [
        "", "demo", "http://x/join/demo", "http://x/join/#t", "ftp://x/join/a#t", "http:///join/a#t",
        "http://[::1/join/a#t",
        "http://x:99999/join/a#t", "http://x:abc/join/a#t", f"http://{'x' * 70}.example/join/a#t",
        "http://x/join/a b#t",
    ],
)  # fmt: skip
def test_what_is_no_link_is_told_in_one_line(link: str) -> None:
    with pytest.raises(LeraError, match="copy it whole") as error:
        parse_link(link)
    assert "\n" not in str(error.value)


def test_sheet_links_go_there_and_back() -> None:
    link = parse_link(sheet_link("https://sheets.googleapis.com", "my-channel", "1A2b_3C-4d"))
    assert link == ("https://sheets.googleapis.com", "my-channel", "1A2b_3C-4d") and link.by_sheet
    assert parse_link("lera+sheet://127.0.0.1:8060/demo#abc").url == "http://127.0.0.1:8060"
    assert not parse_link("https://mood.example/join/demo#t").by_sheet


@pytest.mark.parametrize(
    "link",
    [
        "lera+sheet://evil.example/demo#abc", "lera+sheet://sheets.googleapis.com.evil.example/demo#abc",
        "lera+sheet://sheets.googleapis.com@evil.example/demo#abc", "lera+sheet://sheets.googleapis.com/demo",
        "lera+sheet://sheets.googleapis.com/#abc", "lera+sheet://sheets.googleapis.com/a/b#abc",
        "lera+sheet://sheets.googleapis.com:444/demo#abc", "lera+sheet://127.0.0.1/demo#abc",
        "lera+sheet://x@127.0.0.1:80/demo#abc", "lera+sheet://sheets.googleapis.com/demo#a/b",
    ],
)  # fmt: skip
def test_a_sheet_link_leads_to_google_or_to_this_machine_only(link: str) -> None:
    with pytest.raises(LeraError, match="copy it whole"):
        parse_link(link)
