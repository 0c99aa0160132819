"""What a page carries, and the policy for just that."""

import base64
import gzip
import hashlib
import re
import sys

import pytest

from bot.report.packing import OVERLAY, digest, library, packed, packed_library, policy, program, style
from lera.errors import LeraError


def test_the_library_is_the_packages_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Chart.js v4" in library()[:200]
    assert gzip.decompress(base64.b64decode(packed_library())).decode() == library()
    assert len(packed_library()) < 300_000
    library.cache_clear()
    monkeypatch.setitem(sys.modules, "chartkick", None)
    with pytest.raises(LeraError, match=r"run\.py"):
        library()


def test_the_library_needs_no_eval() -> None:
    assert not re.search(r"\bnew Function\b|(?<![\w.$])eval\(", library())


def test_packing_hides_every_sign_that_could_end_a_script() -> None:
    assert set(packed("</script>" * 99)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def test_every_module_of_the_page_is_in_its_program_once() -> None:
    text = program()
    for path in (OVERLAY / "report").glob("*.js"):
        name = "module_report_" + path.stem
        assert text.count(f"const {name} = (() => {{") == (0 if path.stem == "report" else 1), path
    assert not re.search(r"^(?:import|export)\b", text, re.MULTILINE)
    assert text.index("const module_report_words") < text.index("const module_report_lines")
    assert "</script" not in text


def test_the_style_has_both_grounds_and_comes_from_the_shared_palette() -> None:
    text = style()
    assert text.count("@media print, (prefers-color-scheme: light)") == 2
    light = text[text.index("@media print, (prefers-color-scheme: light)") :]
    assert "--happiness: #b87a00" in light[: light.index("}")]
    assert "</style" not in text


def test_the_policy_allows_these_texts_alone() -> None:
    for text in (program(), library(), style()):
        assert digest(text) == "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert digest(text) in policy()
    assert policy().startswith("default-src 'none'") and "unsafe" not in policy()
