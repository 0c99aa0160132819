"""Persons at a desk, without a socket: known by their tokens, one vote each, and gone when the terms say so."""

from typing import Any

import pytest
from msgspec.structs import replace

from hub.channel import NodeDesk
from tests.door import FOREVER, LINK, TOKEN, door, maker
from tests.transport.test_desk import Listener, join_frame, post_frame
from tests.transport.test_desk import frame as frame_of
from transport.desk import Desk, Guest, HubSettings, Refusal
from transport.identities import Identities, chatter_key
from transport.reading import Linked, Renew, Renewed
from transport.tokens import viewer_mark

ANN, BOB = "a" * 22, "b" * 22
PERSON = "ab" * 12
LINKED = maker().make(LINK, 10.0, FOREVER, PERSON)


class Issuing:
    """What gives tokens, and whom it was told of."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.seen: list[str] = []

    def renewed(self, _admission: Any, now: float) -> str:
        return "fresh" if now >= 100 else ""

    def anonymous(self, _admission: Any, _now: float) -> str:
        return "anonymous"

    def came(self, subject: str) -> None:
        self.seen.append(subject)

    def unlinked(self, subject: str, _now: float) -> None:
        self.ended.append(subject)


class Stage:
    """A desk as a node has it, without identities, or as the bot has it."""

    def __init__(self, identities: Identities | None = None) -> None:
        self.listener = Listener()
        self.issuer = Issuing()
        self.desk = Desk(HubSettings(), "demo", door(), self.listener, identities=identities, issuer=self.issuer)
        self.expelled: list[tuple[str, str]] = []
        self.desk.on_expel = lambda guest, refusal: self.expelled.append((guest.viewer, refusal.cause))

    def join(self, viewer: str, token: str = TOKEN, now: float = 20.0) -> Guest:
        return self.desk.join(join_frame(viewer=viewer, token=token), now)[0]

    def go_by(self, **terms: Any) -> None:
        self.desk.door.update(replace(self.desk.door.terms, **terms))
        self.desk.expel()


@pytest.fixture(params=["node", "bot"])
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(Identities() if request.param == "bot" else None)


def test_readings_say_whether_their_viewer_is_linked(stage: Stage) -> None:
    for viewer, token in ((ANN, LINKED), (BOB, TOKEN)):
        stage.desk.take(stage.join(viewer, token), post_frame(1), 21.0)
    assert [reading.linked for reading in stage.listener.readings] == [True, False]


def test_a_welcome_says_so_and_brings_a_fresh_token_when_it_is_time(stage: Stage) -> None:
    desk = stage.desk
    early = desk.join(join_frame(viewer=ANN, token=LINKED), 20.0)[2]
    assert (early.linked, early.token) == (True, "")
    late = desk.join(join_frame(viewer=BOB), 100.0)[2]
    assert (late.linked, late.token) == (False, "fresh")


def test_the_newest_agent_of_a_person_takes_the_place_of_the_others(stage: Stage) -> None:
    first = stage.join(ANN, LINKED)
    stage.join(BOB, LINKED)
    assert stage.expelled == [(ANN, "replaced")] and stage.listener.left == [ANN]
    assert list(stage.desk.guests) == [BOB]
    with pytest.raises(Refusal, match="joined again"):
        stage.desk.take(first, post_frame(1), 21.0)
    # Also when the connection is lost already: the vote would have stayed for some seconds.
    stage.desk.gone(stage.desk.guests[BOB])
    stage.join(ANN, LINKED)
    assert stage.listener.left == [ANN, BOB]
    stage.join(ANN, LINKED)
    assert stage.listener.left == [ANN, BOB], "the same agent again is no other"


def test_who_is_given_a_token_is_that_person_from_then_on(stage: Stage) -> None:
    guest = stage.join(ANN)
    stage.desk.hand(ANN, LINKED, 20.0)
    assert guest.admission.subject == PERSON
    stage.desk.hand(ANN, TOKEN, 20.0)
    assert not guest.admission.linked
    stage.desk.hand("nobody" * 4, LINKED, 20.0)
    stage.join(BOB, LINKED)
    assert ANN in stage.desk.guests, "who isn't that person any more isn't replaced"


def test_who_unlinks_is_nobody_at_once_and_says_so_to_the_issuer(stage: Stage) -> None:
    guest = stage.join(ANN, LINKED)
    assert stage.desk.take(guest, frame_of(type="unlink"), 20.0) == Linked(token="anonymous")
    assert stage.issuer.ended == [PERSON] == stage.issuer.seen and not guest.admission.linked
    assert stage.desk.take(guest, frame_of(type="unlink"), 20.0) == Linked(), "nothing is signed for who isn't linked"
    again = stage.join(BOB, LINKED)
    stage.desk.take(again, frame_of(type="forget"), 20.0)
    assert stage.issuer.ended == [PERSON, PERSON] and stage.listener.forgotten == [BOB]


def test_terms_that_change_end_only_those_whom_they_concern(stage: Stage) -> None:
    other = maker().make("f" * 12, 0.0, FOREVER)
    stage.join(ANN, LINKED)
    stage.join(BOB, other)
    stage.go_by(ended={PERSON: 15.0})
    assert not stage.expelled and not stage.desk.guests[ANN].admission.linked
    stage.go_by(revoked=frozenset({LINK}))
    assert stage.expelled == [(ANN, "revoked")] and stage.listener.left == [ANN]
    stage.go_by(banned=frozenset({viewer_mark("demo", BOB)}))
    assert stage.expelled[1:] == [(BOB, "banned")] and not stage.desk.guests
    for viewer, token, cause in ((ANN, LINKED, "revoked"), (BOB, other, "banned")):
        with pytest.raises(Refusal) as refused:
            stage.join(viewer, token)
        assert refused.value.cause == cause


def test_one_persons_terms_are_looked_up_and_nobody_elses(stage: Stage) -> None:
    stage.join(ANN, LINKED)
    stage.join(BOB)
    stage.desk.door.update(replace(stage.desk.door.terms, revoked=frozenset({LINK})))
    stage.desk.expel(PERSON)
    assert stage.expelled == [(ANN, "revoked")]
    stage.desk.expel("cd" * 12)
    assert BOB in stage.desk.guests


def test_who_comes_by_the_sheet_has_no_token_and_can_be_banned_by_the_key() -> None:
    stage = Stage()
    assert not stage.desk.admit(ANN, 20.0).admission.linked
    stage.go_by(revoked=frozenset({LINK}), public_key=maker("other").public_key)
    assert ANN in stage.desk.guests, "no link's end is theirs"
    stage.go_by(banned=frozenset({viewer_mark("demo", ANN)}))
    assert stage.expelled == [(ANN, "banned")]
    with pytest.raises(Refusal, match="banned"):
        stage.desk.admit(ANN, 20.0)


def test_an_agent_too_old_to_keep_a_token_is_known_while_the_bot_runs() -> None:
    identities = Identities()
    stage = Stage(identities)
    stage.join(ANN)
    identities.link(identities.code(ANN, 20.0), chatter_key(PERSON), 20.0)
    stage.desk.gone(stage.desk.guests[ANN])
    assert stage.join(ANN).admission.subject == PERSON


def test_a_node_asks_the_bot_for_a_fresh_token_when_it_is_time_and_never_gives_one() -> None:
    asked: list[tuple[str, object]] = []
    desk = NodeDesk(HubSettings(), "demo", door(), Listener(), lambda viewer, frame: asked.append((viewer, frame)))
    token = maker().make(LINK, 0.0, 100.0)
    assert desk.join(join_frame(viewer=ANN, token=token), 49.0)[2].token == "" and not asked
    assert desk.join(join_frame(viewer=ANN, token=token), 50.0)[2].token == ""
    assert asked == [(ANN, Renew(token))]


def test_an_agent_that_asks_for_a_fresh_token_gets_one_when_it_is_due() -> None:
    stage = Stage()
    guest = stage.join(ANN)
    assert stage.desk.take(guest, frame_of(type="renew", token="anything"), 50.0) is None
    assert stage.desk.take(guest, frame_of(type="renew", token="anything"), 101.0) == Renewed("fresh")
