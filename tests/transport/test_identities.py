"""Codes and who is whose: one chatter, one viewer, and a code works once, for a while."""

import time

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from transport.identities import ALPHABET, CODE_LENGTH, CODE_SECONDS, Identities, Persons, random_code


def test_a_code_ties_a_chatter_to_a_viewer_once() -> None:
    identities = Identities()
    code = identities.code("viewer", 0.0)
    assert identities.viewer_of("ann") is None
    assert identities.link(f" {code[:4].lower()}-{code[4:]} ", "ann", 1.0) == ("viewer", None)
    assert identities.viewer_of("ann") == "viewer" and identities.chatter_of("viewer") == "ann"
    assert identities.link(code, "eve", 2.0) is None


@pytest.mark.parametrize("later", [CODE_SECONDS, -1000.0])
def test_a_code_expires_also_when_the_clock_is_set_back(later: float) -> None:
    identities = Identities()
    code = identities.code("viewer", 0.0)
    assert identities.link(code, "ann", later) is None


def test_a_newer_code_makes_the_older_worthless() -> None:
    identities = Identities()
    older, newer = identities.code("viewer", 0.0), identities.code("viewer", 1.0)
    assert identities.link(older, "ann", 2.0) is None
    assert identities.link(newer, "ann", 2.0) == ("viewer", None)


def test_a_second_link_takes_the_place_of_the_first() -> None:
    identities = Identities()
    identities.link(identities.code("old", 0.0), "ann", 0.0)
    assert identities.link(identities.code("new", 0.0), "ann", 0.0) == ("new", "old")
    assert (identities.chatter_of("old"), identities.chatter_of("new")) == (None, "ann")
    assert identities.link(identities.code("new", 0.0), "bob", 0.0) == ("new", None)
    assert dict(identities.viewers) == {"bob": "new"}
    assert identities.link(identities.code("new", 0.0), "bob", 0.0) == ("new", None), "again the same is nothing new"


def test_either_side_can_undo_it() -> None:
    identities = Identities()
    identities.link(identities.code("viewer", 0.0), "ann", 0.0)
    assert identities.unlink_chatter("ann") == "viewer" and identities.unlink_chatter("ann") is None
    identities.link(identities.code("viewer", 0.0), "ann", 0.0)
    code = identities.code("viewer", 0.0)
    assert identities.unlink_viewer("viewer") == "ann" and identities.unlink_viewer("viewer") is None
    assert identities.link(code, "eve", 0.0) is None, "who leaves takes the code along"
    assert dict(identities.viewers) == {}


def test_two_viewers_never_have_the_same_code() -> None:
    codes = iter(["AAAA2222", "AAAA2222", "BBBB3333"])
    identities = Identities(lambda: next(codes))
    assert [identities.code(viewer, 0.0) for viewer in ("a", "b")] == ["AAAA2222", "BBBB3333"]


def test_codes_are_random_and_easy_to_read() -> None:
    codes = {random_code() for _ in range(1000)}
    assert len(codes) == 1000 and all(len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) for code in codes)
    assert not set(ALPHABET) & set("0O1IL")


def test_links_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Identities, "REMEMBERED", 3)
    identities = Identities()
    for number in range(10):
        identities.link(identities.code(f"v{number}", 0.0), f"c{number}", 0.0)
    assert dict(identities.viewers) == {"c7": "v7", "c8": "v8", "c9": "v9"}
    assert identities.chatter_of("v0") is None


people = st.sampled_from("abc")


class Links(RuleBasedStateMachine):
    """Whatever is asked in whatever order, the two sides stay each other's mirror."""

    def __init__(self) -> None:
        super().__init__()
        self.identities = Identities()
        self.codes: dict[str, str] = {}
        self.now = 0.0

    @rule(viewer=people)
    def show(self, viewer: str) -> None:
        self.codes[viewer] = self.identities.code(viewer, self.now)

    @rule(viewer=people, chatter=people)
    def write(self, viewer: str, chatter: str) -> None:
        linked = self.identities.link(self.codes.pop(viewer, "ZZZZZZZZ"), chatter, self.now)
        assert linked is None or (linked[0] == viewer and self.identities.viewer_of(chatter) == viewer)

    @rule(who=people, side=st.booleans())
    def undo(self, who: str, side: bool) -> None:
        (self.identities.unlink_viewer if side else self.identities.unlink_chatter)(who)

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def mirrored(self) -> None:
        viewers = dict(self.identities.viewers)
        assert len(set(viewers.values())) == len(viewers)
        assert {viewer: chatter for chatter, viewer in viewers.items()} == self.identities._chatters
        assert len(self.identities._codes) == len(self.identities._code_of) <= 3


TestLinks = Links.TestCase


def test_who_asks_to_be_forgotten_keeps_the_hub_busy_no_longer_for_all_whom_it_knows() -> None:
    persons = Persons()
    for number in range(Persons.REMEMBERED + 10):
        persons.come(f"person {number}", f"viewer {number}")
    assert persons.viewer_of("person 9") is None, "the oldest go first"
    persons.come("another person", "viewer 10")
    begun = time.process_time()
    for number in range(500):
        persons.forget(viewer=f"viewer {number}")
    assert time.process_time() - begun < 0.2
    assert persons.viewer_of("person 10") is persons.viewer_of("another person") is None
    assert persons.come("person 510", "another key") == "viewer 510"
    persons.forget("person 510")
    assert persons.viewer_of("person 510") is None
