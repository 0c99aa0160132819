import pytest

from lera.errors import LeraError
from transport.link import join_link, parse_link


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
