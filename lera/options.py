"""What several programs take on their command line."""

import argparse


def positive_seconds(text: str) -> float:
    """A finite number above 0, as argparse's `type`. Raises ArgumentTypeError, or ValueError for what is no number."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return number
