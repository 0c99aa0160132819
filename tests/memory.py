"""What is still alive in this process."""

import gc
from collections.abc import Iterator


def texts_alive() -> Iterator[str | bytes]:
    """Every string, and every row of bytes, that anything alive holds on to."""
    gc.collect()
    seen: set[int] = set()
    left = gc.get_objects()
    while left:
        found = left.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if type(found) in (str, bytes, bytearray):
            yield found if type(found) is str else bytes(found)
        else:
            # Also into what the collector doesn't track, such as tuples and structs that hold only strings.
            left += [each for each in gc.get_referents(found) if id(each) not in seen]


def strings_alive() -> Iterator[str]:
    """Every string that anything alive holds on to."""
    return (found for found in texts_alive() if isinstance(found, str))
