"""One channel at a node, without a bus: what the bot is told of its viewers."""

import pytest
from msgspec.structs import replace

from hub.channel import NodeChannel
from tests.door import LINK, TOKEN, door, maker
from tests.hub.test_over import StagedNode
from tests.transport.test_desk import VIEWER, frame, join_frame, post_frame
from transport.bus import Ask, Seat, Terms, asked_by
from transport.desk import HubSettings
from transport.reading import Forget, Forgotten, Identify, Linked, Renew, Unlink
from transport.tokens import DoorTerms, TokenMaker

NOW = 1000.0
OTHER = "o" * 16


def terms_at(now: float, bot: str = "b" * 16) -> Terms:
    return Terms(1, bot, now, door().terms, link_command="!mood link")


def terms_of_another(now: float, with_door: bool = True) -> Terms:
    """Of a bot of this name that somebody else has started: everything in them is different."""
    key = TokenMaker("demo", b"o" * 32).public_key
    return Terms(
        1, OTHER, now + 500.0, DoorTerms("demo", key) if with_door else None, 7, minimum_viewers=50, expiry=5.0,
        interval=60.0, heartbeat=100.0, total=99, paused=True, cleared=9, link_command="!other", shown=True,
        masked=False, asked=b"12345678",
    )  # fmt: skip


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


@pytest.mark.parametrize("end", ["unlink", "forget"])
def test_who_unlinks_and_comes_back_before_the_bot_has_heard_of_it_is_unlinked(end: str) -> None:
    channel = node_channel()
    token = maker().make(LINK, NOW, NOW + 1000.0, "aa" * 12)
    guest, _, _ = channel.desk.join(join_frame(token=token), NOW)
    channel.desk.take(guest, frame(type=end), NOW + 1.0)
    channel.desk.gone(guest)
    channel.desk.join(join_frame(token=token), NOW + 2.0)
    seat, asked = channel.unsaid.values()
    assert isinstance(seat, Seat) and isinstance(asked, Ask), "the bot hears whose link it is, and then its end"
    assert asked_by(asked) == (Unlink() if end == "unlink" else Forget())


def test_a_link_that_was_ended_is_not_taken_for_another_persons() -> None:
    channel = node_channel()
    for person in ("aa" * 12, "bb" * 12):
        token = maker().make(LINK, NOW, NOW + 1000.0, person)
        guest, _, _ = channel.desk.join(join_frame(token=token), NOW)
        if person == "aa" * 12:
            channel.desk.take(guest, frame(type="unlink"), NOW + 1.0)
        channel.desk.gone(guest)
    asked, seat = channel.unsaid.values()
    assert isinstance(asked, Ask) and isinstance(seat, Seat) and seat.subject == "bb" * 12


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


def test_another_bot_of_the_same_name_puts_nobody_out_while_the_first_is_heard() -> None:
    channel = node_channel()
    guest, _, _ = channel.desk.join(join_frame(), NOW)
    channel.desk.take(guest, post_frame(1), NOW + 0.5)
    for second in range(1, 12):
        now = NOW + second
        assert channel.update(terms_at(now), now)
        assert not channel.update(terms_of_another(now, with_door=second % 10 == 5), now + 0.5)
        # Its door is asked for until its key is known, and no more then.
        assert channel.wants == (second < 5)
        channel.beat(now + 0.5)
        channel.joins(now + 0.5)
    assert channel.terms == terms_at(NOW + 11.0) and channel.clock(NOW + 11.5) == NOW + 11.5
    assert channel.desk.door.terms == door().terms and channel.desk.link_command == "!mood link"
    assert channel.desk.minimum_viewers == 3 and channel.desk.settings.interval == 1.0 and channel.votes.expiry == 15.0
    assert VIEWER in channel.desk.guests and VIEWER in channel.votes
    channel.desk.join(join_frame(viewer="z" * 22), NOW + 11.5)


def test_another_bot_of_the_same_name_is_gone_by_when_the_first_has_ended() -> None:
    channel = node_channel()
    assert not channel.update(terms_of_another(NOW + 3.0), NOW + 3.0)
    assert channel.update(terms_of_another(NOW + 4.0, with_door=False), NOW + 4.0)
    assert channel.wants and channel.terms.bot == OTHER
    assert channel.update(terms_of_another(NOW + 4.5), NOW + 4.5) and not channel.wants
    assert channel.desk.door.terms.public_key == TokenMaker("demo", b"o" * 32).public_key
    assert not channel.update(terms_at(NOW + 5.0), NOW + 5.0), "now the first is the other one"


def test_after_a_cut_the_first_may_be_heard_before_another_is_gone_by() -> None:
    channel = node_channel()
    channel.listening_since = NOW + 60.0
    assert not channel.update(terms_of_another(NOW + 60.5), NOW + 60.5)
    assert channel.update(terms_at(NOW + 61.0), NOW + 61.0)
    assert not channel.update(terms_of_another(NOW + 62.0), NOW + 62.0)


def test_a_bot_that_was_started_anew_is_gone_by_at_once_or_as_soon_as_its_door_is_known() -> None:
    channel, again = node_channel(), terms_at(NOW + 1.0, "c" * 16)
    assert not channel.update(replace(again, door=None), NOW + 1.0) and channel.wants
    assert channel.update(again, NOW + 1.1) and not channel.wants
    assert channel.update(terms_at(NOW + 2.0, "d" * 16), NOW + 2.0)


def test_what_was_missed_is_asked_for_until_a_connection_holds() -> None:
    node = StagedNode()
    node.live("demo")
    asked = []
    for seconds, away in ((100.0, 600.0), (0.2, 0.5), (0.2, 0.5), (10.0, 0.5), (10.0, 0.5)):
        node._connected(True)
        asked.append(round(node.channels["demo"].recall_seconds))
        node.time += seconds
        node._connected(False)
        node.time += away
    assert asked == [60, 660, 661, 661, 60], "one that breaks at once brings no answer"
