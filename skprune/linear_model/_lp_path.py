"""Linear-programming perceptrons over a range of C."""

from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from .._estimator.compat import check_sample_weight
from .._linear_program.units import SaturatingUnits
from ._base import split_weights
from ._lp_perceptron import LPPerceptronClassifier
from ._validation import check_signs_serve, encode_targets_and_costs, validate, weight_signs

_LIMITS = np.array([-1.0, 1.0])
_ABOVE_THRESHOLD = 1.01  # the first C of a path has a weight that is not zero

GRID_CONSTRAINTS = {
    "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "C_ratio": [Interval(Real, 1, None, closed="neither")],
}

_PATH_CONSTRAINTS = LPPerceptronClassifier._parameter_constraints | GRID_CONSTRAINTS


def lp_perceptron_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    Cs: int | ArrayLike = 20,
    C_ratio: float = 1e3,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping | str | None = None,
    fit_intercept: bool = True,
    penalize_intercept: bool = True,
    monotonic_cst: ArrayLike | Mapping[str, int] | None = None,
    tol: float = 1e-6,
    solver: str = "auto",
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Solve linear-programming perceptrons for increasing C.

    Each solution starts from the one before. Use it to see which features enter, and at which
    cost of violations.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Training patterns.

    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Class labels, or an indicator matrix of several labels.

    Cs : int or array-like of float, default=20
        The values of C, or how many of them, evenly spaced in their logarithms from
        the smallest that gives a weight other than zero.

    C_ratio : float, default=1e3
        The largest C over the smallest, when `Cs` is a number of values.

    sample_weight : array-like of shape (n_samples,), default=None
        Factors of C.

    class_weight : dict, "balanced" or None, default=None
        Factors of C by class.

    fit_intercept : bool, default=True
        Whether units have an intercept.

    penalize_intercept : bool, default=True
        Whether the intercept costs. If it does not, the smallest C is a lower bound of the one
        that gives a weight.

    monotonic_cst : array-like of int of shape (n_features,) or dict of str, default=None
        Signs of weights: see :class:`LPPerceptronClassifier`.

    tol : float, default=1e-6
        Duality gap to certify, relative to ``max(1, objective)``.

    solver : str, default="auto"
        Where the solver starts: see :class:`LPPerceptronClassifier`.

    Returns
    -------
    Cs : ndarray of shape (n_Cs,)
        The values of C, increasing.
    coefs : ndarray of shape (n_features, n_Cs) or (n_outputs, n_features, n_Cs)
        Weights; the first shape for two classes.
    intercepts : ndarray of shape (n_Cs,) or (n_outputs, n_Cs)
        Intercepts.
    dual_gaps : ndarray of shape (n_Cs,) or (n_outputs, n_Cs)
        Relative duality gaps.

    Raises
    ------
    ValueError
        If a value of C is not positive and finite, or another parameter is not valid.

    See Also
    --------
    LPPerceptronClassifierCV : Chooses C by cross-validation.

    Notes
    -----
    Time is at most that of as many single fits: from the first C on at which no target is
    missed, the solution is that of all higher ones. Memory is O(size of X).

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import lp_perceptron_path
    >>> X = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    >>> Cs, coefs, intercepts, gaps = lp_perceptron_path(X, [0, 0, 0, 1], Cs=[0.4, 2.0])
    >>> coefs.round(6).tolist(), intercepts.round(6).tolist()
    ([[0.0, 1.0], [0.0, 1.0]], [0.0, -1.0])
    """
    params = dict(
        fit_intercept=fit_intercept,
        penalize_intercept=penalize_intercept,
        monotonic_cst=monotonic_cst,
        class_weight=class_weight,
        tol=tol,
        solver=solver,
    )
    validate_parameter_constraints(
        _PATH_CONSTRAINTS, dict(params, Cs=Cs, C_ratio=C_ratio), "lp_perceptron_path"
    )
    clf = LPPerceptronClassifier(**params)
    X, y = validate(clf, X, y)
    weights = check_sample_weight(sample_weight, X)
    classes, targets, weights = encode_targets_and_costs(y, weights, class_weight)
    check_signs_serve(monotonic_cst, classes)
    Cs = grid(clf, X, targets, weights, Cs, C_ratio)
    solutions = _path(clf, X, targets, weights, Cs)
    coefs, intercepts = zip(*(split_weights(found, fit_intercept) for found in solutions))
    coefs, intercepts = np.stack(coefs, axis=-1), np.stack(intercepts, axis=-1)
    gaps = np.array([[s.dual_gap for s in found] for found in solutions]).T
    if y.ndim == 1 and len(coefs) == 1:
        return Cs, coefs[0], intercepts[0], gaps[0]
    return Cs, coefs, intercepts, gaps


def _units(clf, C):
    return SaturatingUnits(
        C,
        fit_intercept=clf.fit_intercept,
        penalize_intercept=clf.penalize_intercept,
        signs=weight_signs(clf, clf.monotonic_cst),
        tol=clf.tol,
        solver=clf.solver,
    )


def grid(clf, X, targets, weights, Cs, C_ratio):
    """Values of C, increasing, from the smallest threshold of all outputs on."""
    if not isinstance(Cs, Integral):
        return _check_values(Cs)
    limits = [_LIMITS] * targets.shape[1]
    smallest = _units(clf, 1.0).smallest_C(X, targets, limits, weights)
    smallest = _ABOVE_THRESHOLD * (smallest if np.isfinite(smallest) else 1.0)
    return np.geomspace(smallest, C_ratio * smallest, Cs)


def _check_values(Cs):
    """Given values of C, increasing."""
    try:
        values = np.asarray(Cs, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or values.size == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            "Cs must be a number of values, or a list of at least one value, each in (0, inf), got "
            f"{Cs!r}. Pass Cs=20, for example, or Cs=[0.1, 1.0]."
        )
    return np.sort(values)


def _path(clf, X, targets, weights, Cs):
    """Solutions of all outputs, for one C after the other."""
    found, path = [None] * targets.shape[1], []
    for C in Cs:
        units = _units(clf, C)
        found = [
            units.solve(X, targets[:, k], _LIMITS, weights[:, k], warm=found[k])
            for k in range(len(found))
        ]
        path.append(found)
    return path
