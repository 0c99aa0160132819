"""Pixels, sound and words in; seven probabilities out."""
