"""One channel at a node, without a bus: what the bot is told of its viewers."""

from hub.channel import NodeChannel
from tests.door import LINK, TOKEN, door, maker
from tests.transport.test_desk import VIEWER, frame, join_frame
from transport.bus import Ask, Seat, Terms, asked_by
from transport.desk import HubSettings
from transport.reading import Forgotten, Identify, Linked, Renew, Unlink

NOW = 1000.0


def terms_at(now: float, bot: str = "b" * 16) -> Terms:
    return Terms(1, bot, now, door().terms, link_command="!mood link")


def node_channel() -> NodeChannel:
    return NodeChannel("demo", "n" * 16, "", HubSettings(), terms_at(NOW), NOW)


def test_who_unlinks_while_the_bus_is_away_is_unlinked_whatever_else_they_ask_meanwhile() -> None:
    channel = node_channel()
    guest, _, _ = channel.desk.join(join_frame(), NOW)
    due = (guest.admission.issued + guest.admission.expires) / 2
    for number, said in enumerate(({"type": "unlink"}, {"type": "renew", "token": TOKEN}, {"type": "unlink"})):
        channel.desk.take(guest, frame(**said), due + number)
    owed = [asked_by(each) for each in channel.unsaid.values() if isinstance(each, Ask)]
    assert owed == [Renew(TOKEN), Unlink()], "each once, in the order in which they were said last"
    assert {each.viewer for each in channel.unsaid.values()} == {VIEWER}


def test_a_bot_that_was_started_anew_is_told_whose_link_it_is_to_end() -> None:
    channel, person = node_channel(), "aa" * 12
    guest, _, _ = channel.desk.join(join_frame(token=maker().make(LINK, NOW, NOW + 1000.0, person)), NOW)
    channel.unsaid.clear()
    channel.desk.take(guest, frame(type="unlink"), NOW + 1.0)
    channel.update(terms_at(NOW + 2.0, "c" * 16), NOW + 2.0)
    seat, asked = channel.unsaid.values()
    assert isinstance(seat, Seat) and (seat.viewer, seat.subject) == (VIEWER, person)
    assert isinstance(asked, Ask) and asked_by(asked) == Unlink()


def test_who_is_nobody_in_chat_is_answered_here_and_others_when_the_bot_has_done_it() -> None:
    channel, person = node_channel(), "aa" * 12
    guest, _, _ = channel.desk.join(join_frame(), NOW)
    assert channel.desk.take(guest, frame(type="unlink"), NOW + 1.0) == Linked()
    assert channel.desk.take(guest, frame(type="forget"), NOW + 1.0) == Forgotten()
    assert len(channel.unsaid) == 2, "the bot is asked all the same"
    channel.desk.take(guest, frame(type="identify"), NOW + 2.0)
    assert channel.desk.take(guest, frame(type="forget"), NOW + 2.0) is None, "a code may have been typed"
    channel.desk.gone(guest)
    again, _, _ = channel.desk.join(join_frame(token=maker().make(LINK, NOW, NOW + 1000.0, person)), NOW + 3.0)
    assert channel.desk.take(again, frame(type="forget"), NOW + 4.0) is None, "linked"
    channel.desk.gone(again)
    last, _, _ = channel.desk.join(join_frame(), NOW + 5.0)
    assert channel.desk.take(last, frame(type="forget"), NOW + 6.0) == Forgotten()


def test_what_viewers_ask_waits_while_no_bot_would_hear_it() -> None:
    channel = node_channel()
    guest, _, _ = channel.desk.join(join_frame(), NOW)
    channel.desk.take(guest, frame(type="identify"), NOW + 5.0)
    assert channel.owed(NOW + 5.0) == []
    channel.update(terms_at(NOW + 60.0), NOW + 60.0)
    ((_, said),) = channel.owed(NOW + 60.0)
    assert isinstance(said, Ask) and asked_by(said) == Identify()
