"""The centre of several distributions that a minority can't drag away. Pure."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STEPS: Final = 3000
"""Some tens are enough, but beside a row that is nearly the answer it creeps."""
SAME: Final = 1e-9


def geometric_median(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point (K,) with the least weighted sum of Euclidean distances to `rows` (N, K); `weights` (N,) above 0.

    Weiszfeld's iteration with the case of a row that is itself the answer settled first: Vardi & Zhang, "The
    multivariate L1-median and associated data depth", PNAS 97 (2000). Each step is a weighted mean, so distributions
    give a distribution. Rows with less than half of the weight can't carry it away, however they lie (Lopuhaä &
    Rousseeuw, Annals of Statistics 19, 1991): where those with weight 1 - a are within r of a point, a < 1/2, it is
    within 2 r (1 - a) / (1 - 2 a) of it. Where more than half of the weight lies on one point, it is that point.
    """
    shares = weights / weights.sum()
    apart = rows[None] - rows[:, None]  # (N, N, K): from row k to row i
    far = np.linalg.norm(apart, axis=2)
    same = far < SAME
    pull = (np.where(same, 0.0, shares / np.maximum(far, SAME))[..., None] * apart).sum(1)  # (N, K)
    surplus = np.linalg.norm(pull, axis=1) - same @ shares
    optimal = surplus <= SAME
    if optimal.any():
        # On one line the median may be a whole segment between rows; its middle does not depend on their order.
        return np.asarray((shares * optimal) @ rows / (shares @ optimal))
    centre: NDArray[np.float64] = shares @ rows
    for _ in range(STEPS):
        near = shares / np.maximum(np.linalg.norm(rows - centre, axis=1), SAME)
        before, centre = centre, near @ rows / near.sum()
        if np.abs(centre - before).max() < 1e-7:
            break
    return centre
