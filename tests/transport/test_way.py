"""Which ways to a hub are taken, and what is said of them."""

import pytest

from lera.errors import LeraError
from transport.way import Way, check_way, find_way, told_of, way_to


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("127.0.0.1", "this machine"), ("127.8.9.1", "this machine"), ("::1", "this machine"),
        ("::ffff:127.0.0.1", "this machine"), ("192.168.1.5", "local network"), ("10.1.2.3", "local network"),
        ("172.16.0.1", "local network"), ("169.254.1.1", "local network"), ("fe80::1%eth0", "local network"),
        ("fd00::5", "local network"), ("100.64.0.9", "local network"), ("::ffff:192.168.1.5", "local network"),
        ("8.8.8.8", "open"), ("172.32.0.1", "open"), ("::ffff:8.8.8.8", "open"), ("2606:4700::1", "open"),
        ("134744072", "open"), ("0x08080808", "open"), ("", "open"), ("mood.example", "open"),
    ],
)  # fmt: skip
def test_what_is_near_is_told_from_what_is_far(address: str, way: Way) -> None:
    assert way_to(address, encrypted=False) == way
    assert way_to(address, encrypted=True) == "encrypted"


def test_an_open_way_is_taken_only_by_who_asks_for_it() -> None:
    with pytest.raises(LeraError, match=r"mood\.example isn't encrypted.*https.*--insecure"):
        check_way("open", "mood.example", insecure=False)
    check_way("open", "mood.example", insecure=True)
    for way in ("encrypted", "this machine", "local network"):
        check_way(way, "mood.example", insecure=False)


def test_what_others_could_read_is_said() -> None:
    assert "in this network" in told_of("local network") and "everybody" in told_of("open")
    assert not told_of("encrypted") and not told_of("this machine")


async def test_a_url_is_judged_by_where_its_name_leads() -> None:
    assert await find_way("https://mood.example/hub") == "encrypted"
    assert await find_way("ws://localhost:1/hub") == "this machine"
    assert await find_way("http://192.168.1.5:8765") == "local network"
    assert await find_way("http://[::ffff:8.8.8.8]:8765") == "open"
    # The system reads a bare number as an address; so does this.
    assert await find_way("http://134744072:8765") == "open"
