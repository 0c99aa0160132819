"""How far an answer should count. Pure.

The small face reader is calibrated, so its top probability says how sure it is. An unsure
answer lowers the quality of its reading, and the crowd weighs it by that.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

CERTAIN: Final = (0.3, 0.5)
"""Top probabilities at which an answer begins to count, and from which on it counts in full.

Below the first it is right no more often than always answering the commonest emotion. In crowds simulated from
validation pictures the shares come nearer to the truth with this ramp. With a steeper one they do so, too, but then the
leading emotion is wrong more often, because the emotions that are hard to read are silenced. The numbers are in the
card's `certainty`, measured by `python -m model evaluate face`.
"""


def certainty(probabilities: NDArray[np.floating], ends: tuple[float, float] = CERTAIN) -> NDArray[np.float64]:
    """How far each answer (..., 7) counts, (...) in 0..1: a ramp on the top probability between the `ends`."""
    low, high = ends
    return np.asarray(np.clip((probabilities.max(-1) - low) / (high - low), 0.0, 1.0), np.float64)
