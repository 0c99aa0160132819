"""No decoder that strangers reach breaks its word: the saved inputs first, then a few, the same in each run."""

import json

import pytest

from tests.fuzz import corpus
from tests.fuzz.target import Target, holds
from tests.fuzz.targets import TARGETS, Finding, explore, replay


@pytest.mark.parametrize("name", TARGETS)
def test_what_strangers_send_is_read_or_refused(name: str) -> None:
    target = TARGETS[name]
    with target.around():
        replay(target)
        assert explore(target, target.examples) >= target.examples // 2


def test_every_saved_input_belongs_to_a_target() -> None:
    saved = {path.stem for path in corpus.CORPUS.glob("*.json")}
    assert saved - {"strings"} <= TARGETS.keys()
    assert all(corpus.read(name) for name in saved)


def test_a_broken_decoder_is_found_with_its_smallest_example_and_kept(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(said: list[bytes]) -> None:
        holds(all(len(each) < 3 for each in said), "too long")

    broken = Target("broken", TARGETS["streamers_line"].inputs, check)
    with pytest.raises(Finding) as found:
        explore(broken, 200)
    monkeypatch.setattr(corpus, "CORPUS", tmp_path)
    for _ in range(2):
        corpus.add("broken", found.value.example)
    assert corpus.read("broken") == [found.value.example]
    with pytest.raises(Finding, match="too long"):
        replay(broken)


def test_a_saved_input_may_be_written_short() -> None:
    plain = json.loads('{"bytes": {"joined": ["{", {"again": ["[", 3]}, "\\u00ff"]}}')
    assert corpus.from_plain(plain) == b"{[[[\xff"
