"""Densities for mixtures."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "radius": [Real],
        "inner_radius": [Real],
        "outer_radius": [Real],
        "circle_share": [Interval(Real, 0, 1, closed="both")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_annulus(
    n_samples: int = 3000,
    *,
    radius: float = 1.0,
    inner_radius: float = 1.5,
    outer_radius: float = 2.0,
    circle_share: float = 1 / 3,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make a circle and an annulus around it, both uniform by area.

    WJ92's problem for mixtures: no component fits either shape, the annulus surrounds the circle,
    and the first split gains next to nothing.

    Parameters
    ----------
    n_samples : int, default=3000
        Number of points, at least 1.
    radius : float, default=1.0
        Radius of the circle.
    inner_radius : float, default=1.5
        Inner radius of the annulus.
    outer_radius : float, default=2.0
        Outer radius of the annulus.
    circle_share : float in [0, 1], default=1/3
        Share of the points in the circle, rounded down to a whole number of points.
    random_state : int, RandomState instance or None, default=None
        Drives the points and their order.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points, in random order.
    y : ndarray of shape (n_samples,)
        0 in the circle, 1 in the annulus.

    Raises
    ------
    ValueError
        When the radii are not in order, or a number is out of range.

    References
    ----------
    WJ92: M. Wynne-Jones. Node splitting: a constructive algorithm for feed-forward neural networks.
    NIPS 4, 1992 (figure 3).

    Examples
    --------
    >>> from skprune.datasets import make_annulus
    >>> X, y = make_annulus(300, random_state=0)
    >>> X.shape, int(y.sum())
    ((300, 2), 200)
    """
    if not 0 < radius <= inner_radius < outer_radius:
        raise ValueError(
            f"radius={radius}, inner_radius={inner_radius} and outer_radius={outer_radius} must "
            "satisfy 0 < radius <= inner_radius < outer_radius."
        )
    rng = check_random_state(random_state)
    y = (np.arange(n_samples) >= int(circle_share * n_samples)).astype(int)
    rng.shuffle(y)
    inner, outer = np.array([0.0, inner_radius])[y], np.array([radius, outer_radius])[y]
    distance = np.sqrt(rng.uniform(inner**2, outer**2))
    angle = rng.uniform(0, 2 * np.pi, n_samples)
    return np.column_stack([distance * np.cos(angle), distance * np.sin(angle)]), y
