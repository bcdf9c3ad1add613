"""How much a network relies on each input or hidden unit."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import sparray, spmatrix
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Options, StrOptions, validate_params

from .._fitted.loss import FittedLoss


@validate_params(
    {
        "layer": [StrOptions({"input", "hidden"}), Integral],
        "order": [Options(Integral, {1, 2})],
        "exact": ["boolean"],
        "sample_weight": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def gate_sensitivity(
    estimator: BaseEstimator,
    X: ArrayLike | spmatrix | sparray,
    y: ArrayLike,
    *,
    layer: str | int = "input",
    order: int = 2,
    exact: bool = True,
    sample_weight: ArrayLike | None = None,
) -> np.ndarray:
    """Tell how much a fitted network relies on each input, or on each hidden unit.

    A gate multiplies the output of a unit by ``a``; the sensitivity is the curvature of the loss in
    the gate at ``a = 1``. Use it to rank inputs without training again, or hidden units: a unit
    with hardly any curvature can go, one with much of it does the work of several (WJ92).

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, or a fitted `Pipeline` that ends
        in one; the inputs are then those that reach the network.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples, usually the training data. Closing a gate sets an input to zero, so zero should
        mean "average": scale the inputs (`StandardScaler`). Named columns must be those of the
        training, in their order.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their classes (all those of the training, or some) or targets, of the kind that the
        network was trained on.
    layer : {"input", "hidden"} or int, default="input"
        Whose gates: those of the inputs (or 0), of the only hidden layer, or of the k-th hidden
        layer, from 1 on.
    order : {1, 2}, default=2
        2 takes the second derivative of the network's own loss. 1 takes the first derivative of the
        absolute error with the sign turned, the relevance of skeletonization.
    exact : bool, default=True
        With `order=2`: the exact second derivative. False takes the Gauss-Newton approximation,
        which is cheaper and never negative; the two agree where the errors are small.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, none of them negative and not all zero.

    Returns
    -------
    sensitivities : ndarray of shape (n_units,)
        Means over the samples, one an input or unit. With `order=2` in units of the loss, squared
        errors being halved and summed over the outputs, without weight decay; half of it is the
        second-order rise of the loss when the gate closes. With `order=1` in units of the outputs.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator holds no layered feedforward network.
    ValueError
        If there is no such layer, the data do not fit the network, the weights are not valid, or
        values are so large that their squares overflow.

    See Also
    --------
    skprune.GateSensitivitySelector : Keeps the inputs of highest sensitivity.
    skprune.OBSMLPClassifier : With `granularity="input"` or `"unit"`, deletes them jointly with a
        correction of the other weights.

    Notes
    -----
    With z a unit's output and G the derivatives of the output pre-activations by it, the curvature
    is ``z^2 G' A G`` averaged, A the second derivative of the loss by the pre-activations, plus
    ``z^2`` times the bends ``f'' dE/df`` of the units above, weighted by the squares of their
    derivatives by z. For P samples, c outputs, h hidden units in the layers above, and layers of at
    most m units, O(P (c + h) m^2) operations (c instead of c + h with `exact=False`), in chunks
    that fit `working_memory`.

    References
    ----------
    WJ92 (gates on nodes); M. C. Mozer, P. Smolensky. Skeletonization: a technique for trimming
    the fat from a network via relevance assessment. NIPS 1, 1989 (`order=1`).

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import PenalizedMLPRegressor
    >>> from skprune.inspection import gate_sensitivity
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = np.tanh(2 * X[:, 0]) + 0.1 * X[:, 1]
    >>> network = PenalizedMLPRegressor((3,), random_state=0).fit(X, y)
    >>> sensitivities = gate_sensitivity(network, X, y)
    >>> sensitivities.argsort()[::-1]
    array([0, 1, 2])
    """
    fitted = FittedLoss.of(estimator, X, y, sample_weight=sample_weight)
    depth = _depth(layer, fitted.objective.network.n_layers - 1)
    return fitted.gate_sensitivity(depth, order=order, exact=exact)


def _depth(layer, n_hidden):
    """Number of a layer, 0 for the inputs."""
    if layer == "input":
        return 0
    if layer == "hidden" and n_hidden == 1:
        return 1
    if layer == "hidden" or not 0 <= layer <= n_hidden:
        raise ValueError(
            f"layer={layer!r} does not name a layer of a network with {n_hidden} hidden layers; "
            f"use 'input' or a number from 0 (the inputs) to {n_hidden}."
        )
    return int(layer)
