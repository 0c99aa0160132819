"""One channel at a node, without a bus: what the bot is told of its viewers."""

from hub.channel import NodeChannel
from tests.door import TOKEN, door
from tests.transport.test_desk import VIEWER, frame, join_frame
from transport.bus import Ask, Terms, asked_by
from transport.desk import HubSettings
from transport.reading import Renew, Unlink

NOW = 1000.0


def test_who_unlinks_while_the_bus_is_away_is_unlinked_whatever_else_they_ask_meanwhile() -> None:
    terms = Terms(1, "b" * 16, NOW, door().terms, link_command="!mood link")
    channel = NodeChannel("demo", "n" * 16, "", HubSettings(), terms, NOW)
    guest, _, _ = channel.desk.join(join_frame(), NOW)
    due = (guest.admission.issued + guest.admission.expires) / 2
    for number, said in enumerate(({"type": "unlink"}, {"type": "renew", "token": TOKEN}, {"type": "unlink"})):
        channel.desk.take(guest, frame(**said), due + number)
    owed = [asked_by(each) for each in channel.unsaid.values() if isinstance(each, Ask)]
    assert owed == [Renew(TOKEN), Unlink()], "each once, in the order in which they were said last"
    assert {each.viewer for each in channel.unsaid.values()} == {VIEWER}
