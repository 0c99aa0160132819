"""The seven emotions, in the one order that wire, Sheet, database and arrays share."""

from typing import Final

EMOTIONS: Final = ("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear")

# Pleasure and arousal of each word, -1..1: Russell & Mehrabian, "Evidence for a three-factor theory of
# emotions", Journal of Research in Personality 11 (1977). Neutral is the origin by definition.
VALENCE: Final = (0.81, -0.63, 0.0, -0.51, 0.40, -0.60, -0.64)
AROUSAL: Final = (0.51, -0.27, 0.0, 0.59, 0.67, 0.35, 0.60)
