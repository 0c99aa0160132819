"""`python -m bench.door`: what it costs a hub to judge a join token, against reading one frame.

Processor time, in turns, the median of some rounds. A wrong token is what a stranger can send as often as the limit of
joins lets one address; a right one is checked once, and everybody who comes by one link brings the same.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median

from transport.desk import HubSettings
from transport.reading import agent_decoder
from transport.refusal import Refusal
from transport.tokens import Door, DoorTerms, TokenMaker

MAKER = TokenMaker("bench", bytes(32))
LINK, FOREVER, VIEWER = "0123456789ab", 2.0**32 - 1, "a" * 22
POST = b'{"type":"reading","sequence":7,"probabilities":[0.4,0.1,0.2,0.1,0.1,0.05,0.05],"quality":0.9,"captured":1.8e9}'


def main() -> None:
    """Print the costs and what one address can make of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each; the median counts (default 7)")
    parser.add_argument("--times", type=int, default=500, help="of each in one measurement (default 500)")
    arguments = parser.parse_args()
    door = Door(DoorTerms("bench", MAKER.public_key))
    right = MAKER.make(LINK, 0.0, FOREVER)
    wrong = TokenMaker("bench", b"\1" * 32).make(LINK, 0.0, FOREVER)
    fresh = iter([MAKER.make(LINK, number, FOREVER) for number in range(arguments.rounds * arguments.times)])

    def refuse() -> None:
        with suppress(Refusal):
            door.admit("bench", wrong, VIEWER, 1.0)

    works: dict[str, Callable[[], object]] = {
        "one frame read (baseline)": lambda: agent_decoder.decode(POST),
        "a token of nobody's": refuse,
        "a right token, seen first": lambda: door.admit("bench", next(fresh), VIEWER, 1.0),
        "a right token, seen before": lambda: door.admit("bench", right, VIEWER, 1.0),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(arguments.rounds):
        for name, work in works.items():
            begun = time.process_time()
            for _ in range(arguments.times):
                work()
            found[name].append(1e6 * (time.process_time() - begun) / arguments.times)
    costs = {name: median(each) for name, each in found.items()}
    baseline = next(iter(costs.values()))
    for name, cost in costs.items():
        print(f"{name:28} {cost:8.2f} µs   {cost / baseline:6.1f} frames")
    limit = HubSettings().joins_per_second
    share = 100 * limit * costs["a token of nobody's"] / 1e6
    print(f"One address may join {limit:g} times a second: wrong tokens alone take {share:.2f} % of a core.")


if __name__ == "__main__":
    main()
