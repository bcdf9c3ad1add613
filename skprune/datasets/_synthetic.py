"""Generators of small synthetic problems."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_xor(
    n_samples: int = 4,
    *,
    noise: float = 0.0,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Generate the exclusive-or problem.

    The smallest problem that no single-layer network solves, and the one on which HS93
    compares which weight each pruning criterion deletes. The four patterns come in the
    order (0, 0), (0, 1), (1, 0), (1, 1) and are repeated until there are `n_samples`.

    Parameters
    ----------
    n_samples : int, default=4
        Number of rows. The default gives each pattern once; a multiple of four keeps the
        two classes balanced.

    noise : float, default=0.0
        Standard deviation of the Gaussian noise added to the inputs, in units of the
        distance between two neighbouring patterns. The targets stay those of the
        noiseless patterns.

    random_state : int, RandomState instance or None, default=None
        Source of the noise. Pass an int for the same data at every call. Without noise
        nothing is drawn.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        The inputs: 0 or 1, plus noise.

    y : ndarray of shape (n_samples,)
        The targets: 1 where exactly one of the two inputs is 1, otherwise 0. A network of
        tanh units is usually trained on ``2 * X - 1`` and ``2 * y - 1``.

    Raises
    ------
    ValueError
        If `n_samples` is below 1 or `noise` is negative.

    See Also
    --------
    load_monks : The problems of HS93, table 1.

    Notes
    -----
    Time and memory are proportional to `n_samples`.

    References
    ----------
    HS93, the exclusive-or experiment.

    Examples
    --------
    >>> from skprune.datasets import make_xor
    >>> X, y = make_xor()
    >>> X
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    >>> y
    array([0, 1, 1, 0])
    """
    patterns = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    bits = np.resize(patterns, (n_samples, 2))
    X = bits.astype(np.float64)
    if noise > 0:
        X += check_random_state(random_state).normal(scale=noise, size=X.shape)
    return X, bits[:, 0] ^ bits[:, 1]


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "flip": [Interval(Real, 0, 1, closed="both")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_noisy_classification(
    n_samples: int = 200,
    *,
    flip: float = 0.05,
    noise: float = 0.15,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Generate HS97's noisy classification problem.

    A problem on which a network of the right size is tiny: the class is the sign of the
    first of two inputs, in the presence of wrong labels and of noise on the inputs. What a
    network loses by fitting them is its distance from the Bayes rule, ``X[:, 0] > 0``.

    Inputs are standard normal restricted to the square [-3, 3]^2; labels are made of them,
    some are flipped, then the inputs get their noise.

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows.

    flip : float, default=0.05
        Probability that a label is flipped, from 0 to 1.

    noise : float, default=0.15
        Standard deviation of the Gaussian noise added to the inputs, in their units.

    random_state : int, RandomState instance or None, default=None
        Source of all draws. Pass an int for the same data at every call.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        The noisy inputs.

    y : ndarray of shape (n_samples,)
        The labels, 0 or 1.

    Raises
    ------
    ValueError
        If `n_samples` is below 1, `flip` not from 0 to 1, or `noise` negative.

    See Also
    --------
    make_xor : A problem without noise that needs hidden units.

    Notes
    -----
    With the default `flip` and `noise` the Bayes rule errs on 9.27 % of all points. Time and
    memory are proportional to `n_samples`.

    References
    ----------
    HS97, experiment 1.

    Examples
    --------
    >>> from skprune.datasets import make_noisy_classification
    >>> X, y = make_noisy_classification(random_state=0)
    >>> X.shape, y.shape
    ((200, 2), (200,))
    >>> print(f"{(y == (X[:, 0] > 0)).mean():.2f}")
    0.91
    """
    random_state = check_random_state(random_state)
    clean = random_state.normal(size=(n_samples, 2))
    while (outside := np.abs(clean).max(axis=1) > 3).any():
        clean[outside] = random_state.normal(size=(outside.sum(), 2))
    y = (clean[:, 0] > 0) ^ (random_state.random_sample(n_samples) < flip)
    X = clean + random_state.normal(scale=noise, size=clean.shape)
    return X, y.astype(int)
