"""Fuzzing of every decoder that strangers reach. `python -m tests.fuzz --minutes 10` looks for new findings."""
