"""Attacks on one viewer's privacy: each really tries, works without the defence, and fails with it."""
