"""Makes `model/weights/text_lexicon.json` and `text_vocabulary.txt`: `python -m model.train.text.lexicon`.

The meanings are LERA's own, from emotes.txt, slang.txt and emoji.txt beside this file; emoji that those leave out get
the name that Unicode gives them. The lexicons in the data packs train and judge the network, but none is copied here.
"""

import json
import sys
import unicodedata
from pathlib import Path
from typing import Any, Final

from model.chat_words import known_words
from model.text import LEXICON, VOCABULARY
from model.train.text import pretrained

HERE: Final = Path(__file__).parent
# Where emoji live: symbols and dingbats, pictographs, faces, transport, and what was added later.
BLOCKS: Final = ((0x2600, 0x27C0), (0x1F300, 0x1F650), (0x1F680, 0x1F700), (0x1F900, 0x1FA00), (0x1FA70, 0x1FB00))
DULL: Final = ("EMOJI MODIFIER", "VARIATION", "INPUT SYMBOL", "REGIONAL INDICATOR", "COMBINING")


def meanings(file: str) -> dict[str, str]:
    """Name -> words of one of the three lists. The first meaning of a name holds."""
    found: dict[str, str] = {}
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            words, names = line.split(": ", 1)
            for name in names.split():
                found.setdefault(name, words)
                # Messages are brought into this form before they are looked up.
                found.setdefault(unicodedata.normalize("NFKC", name), words)
    return found


def emoji() -> dict[str, str]:
    """Character -> words, for every emoji and symbol that Unicode names."""
    found = {}
    for first, last in BLOCKS:
        for code in range(first, last):
            name = unicodedata.name(chr(code), "")
            if name and not any(dull in name for dull in DULL):
                found[chr(code)] = name.lower().replace("-", " ")
    return found | meanings("emoji.txt")


def build(pieces: list[str]) -> dict[str, Any]:
    """The whole lexicon. A name counts in any case only where its lower case is no English word."""
    emotes, slang = meanings("emotes.txt"), meanings("slang.txt")
    known = known_words(pieces)
    loose: dict[str, str] = {}
    for name, words in emotes.items():
        low = name.lower()
        if len(low) >= 3 and low.isalnum() and low not in known and not low.isdigit():
            loose.setdefault(low, words)
    return {"exact": emotes, "loose": loose, "slang": slang, "emoji": emoji()}


def main() -> int:
    """Writes both files."""
    pieces = pretrained.vocabulary()
    made = build(pieces)
    text = json.dumps(made, ensure_ascii=False, indent=0, sort_keys=True)
    LEXICON.write_text(text + "\n", encoding="utf-8", newline="\n")
    VOCABULARY.write_text("\n".join(pieces) + "\n", encoding="utf-8", newline="\n")
    print(", ".join(f"{len(part)} {name}" for name, part in made.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
