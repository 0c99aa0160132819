"""The name under which a viewer wants to be shown, made safe to show. Pure.

It is a stranger's text on a live stream: it may be too long, invisible, piled up, or turn the line around it. What is
left is plain text and no markup; whoever shows it must show it as text.
"""

import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 25
"""Characters as people count them: a letter with its accents, or an emoji of several parts, is one."""
MAX_BYTES: Final = 120
"""In UTF-8. Twenty-five of nearly anything fit; of emoji families, six."""

_LONGEST_LOOKED_AT: Final = 400
_MARKS_IN_A_ROW: Final = 3
# They count as letters or symbols, and nothing is seen of them.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U0001d159")
_JOINERS: Final = "\u200c\u200d"
_EMOJI_VARIANT: Final = "\ufe0f"


def clean_name(text: str) -> str:
    """The name as it may be shown: NFC, one line, at most MAX_CHARACTERS and MAX_BYTES; empty when none is left.

    Without controls, signs that turn the writing around, lone or piled up joiners, private and unassigned characters,
    and without more than three marks on one letter. Right-to-left names stay as they are.
    """
    allowed = "".join(_without_strays(unicodedata.normalize("NFC", text[:_LONGEST_LOOKED_AT])))
    # What was taken out may have kept a letter from its accent.
    allowed = unicodedata.normalize("NFC", allowed)
    kept = ""
    for count, cluster in enumerate(_clusters(" ".join(allowed.split()))):
        if count == MAX_CHARACTERS or len((kept + cluster).encode()) > MAX_BYTES:
            break
        kept += cluster
    kept = kept.strip()
    return kept if any(unicodedata.category(sign)[0] in "LNSP" for sign in kept) else ""


def name_key(name: str) -> str:
    """What two names have in common that look alike but for case, width and accents, so that one hides the other."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LNS")


def _without_strays(text: str) -> list[str]:
    kept: list[str] = []
    marks = 0
    for index, sign in enumerate(text):
        category = unicodedata.category(sign)
        if sign in _JOINERS:
            if _joins(text[index - 1] if index else "", text[index + 1 : index + 2]):
                kept.append(sign)
        elif category[0] == "Z" or sign in "\t\n\r\v\f\x85":
            kept.append(" ")
        elif category[0] == "C" or sign in _INVISIBLE:
            continue
        elif category[0] == "M":
            marks += 1
            # A mark needs something to stand on.
            if marks <= _MARKS_IN_A_ROW and kept and kept[-1] != " ":
                kept.append(sign)
        else:
            kept.append(sign)
            marks = 0
    return kept


def _joins(before: str, after: str) -> bool:
    """Whether a joiner between these does what it is for: parts of an emoji, or letters of Arabic to Sinhala script."""
    if not before or not after:
        return False
    emoji = (_is_emoji_part(before) or before == _EMOJI_VARIANT) and _is_emoji_part(after)
    script = all("\u0600" <= sign <= "\u0dff" and unicodedata.category(sign)[0] in "LM" for sign in (before, after))
    return emoji or script


def _is_emoji_part(sign: str) -> bool:
    return unicodedata.category(sign) in ("So", "Sk") and ord(sign) > 0xFF


def _clusters(text: str) -> list[str]:
    """The characters as people count them; near enough to Unicode's grapheme clusters for a limit."""
    found: list[str] = []
    for sign in text:
        joined = found and (
            unicodedata.category(sign)[0] == "M"
            or sign in _JOINERS
            or "\U0001f3fb" <= sign <= "\U0001f3ff"
            or found[-1][-1] == "\u200d"
            or (_is_flag_letter(sign) and len(found[-1]) == 1 and _is_flag_letter(found[-1]))
        )
        if joined:
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _is_flag_letter(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
