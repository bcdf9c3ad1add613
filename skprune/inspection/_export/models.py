"""Whatever predicts, read as layers of units: networks, cascades, perceptrons, mixtures."""

from dataclasses import dataclass, field

import numpy as np

from ..._fitted.targets import class_boundary, takes_indicators
from ..._fitted.view import FittedNetwork, name_features, name_outputs
from ..._numerics.arrays import dense
from ...neural_network._cascade import order
from ...neural_network._lp import LPMLPClassifier
from .layers import INPUTS, Layer

VALUE = "value of"
PROBABILITY = "probability of"
OUTPUT_UNIT = "output unit of"
SCORE = "score (0 is none of it, 1 all, not clipped) of"
NET_INPUT = "net input (above 0 where predicted) of"
RESPONSIBILITY = "responsibility of"
_LOG_2PI = np.log(2.0 * np.pi)


@dataclass(frozen=True)
class Decision:
    """How labels follow from outputs.

    Attributes
    ----------
    labels : list
        Labels, or names given for them, in the order of the classes.
    rule : {"largest", "above", "each", "only"}
        The label of the largest output; the second of two labels where the one output is above
        the boundary; each label whose output is above it; or the only one there is.
    boundary : float
        Where an output counts as "above".
    """

    labels: list
    rule: str
    boundary: float = 0.0


@dataclass(frozen=True)
class Model:
    """What predicts, of the inputs that it was trained on.

    Attributes
    ----------
    layers : list of Layer
    feature_names, output_names : list of str
    kind : str
        What an output is.
    decision : Decision or None
        None of what predicts numbers.
    origin : ndarray of shape (n_features,)
        A value about which each input lies, as far as the model tells, else 0.
    name : str
        Class name of the estimator.
    is_network : bool
        Whether it is a layered network.
    """

    layers: list
    feature_names: list
    output_names: list
    kind: str
    decision: Decision | None
    origin: np.ndarray
    name: str
    is_network: bool = field(default=False)


def read_model(final, feature_names=None, class_names=None):
    """Read a fitted model.

    Raises
    ------
    TypeError
        If it is none that is known.
    """
    names = {"feature_names": feature_names, "class_names": class_names}
    if hasattr(final, "lateral_coef_"):
        return _read_cascade(final, **names)
    if hasattr(final, "coefs_"):
        return _read_network(final, **names)
    if hasattr(final, "truncation_"):
        return _read_perceptrons(final, **names)
    if hasattr(final, "class_prior_") and hasattr(final, "estimators_"):
        return _read_mixture_classifier(final, **names)
    if hasattr(final, "means_") and hasattr(final, "precisions_cholesky_"):
        return _read_mixture(final, **names)
    FittedNetwork.of(final)  # raises, and says what is missing
    raise TypeError(f"{type(final).__name__} is not known.")


def _read_network(final, feature_names, class_names):
    network = FittedNetwork.of(final, feature_names=feature_names, class_names=class_names)
    activations, kind = list(network.activations), _kind_of_output(network, final)
    if isinstance(final, LPMLPClassifier):
        # Its predictions rest on net inputs; of clipped ones several could be the largest.
        activations[-1], kind = "score", SCORE
    layers = [
        Layer.of({depth: coef}, bias, activation)
        for depth, (coef, bias, activation) in enumerate(
            zip(network.coefs, network.intercepts, activations)
        )
    ]
    if network.direct_coef is not None and network.n_layers == 1:
        layers[0].blocks[INPUTS] += network.direct_coef
    elif network.direct_coef is not None:
        layers[-1].blocks[INPUTS] = network.direct_coef
    return Model(
        layers,
        network.feature_names,
        network.output_names,
        kind,
        _decision(final, network.classes, class_names, layers[-1]),
        np.zeros(len(network.feature_names)),
        type(final).__name__,
        is_network=True,
    )


def _kind_of_output(network, estimator):
    """What an output is: a value, a probability, or what `predict_proba` makes one from."""
    if network.classes is None:
        return VALUE
    last, n_outputs = network.activations[-1], network.layer_sizes[-1]
    is_likely = last == "softmax"
    if last == "logistic":
        one_of_two = n_outputs == 1 and len(network.classes) == 2
        is_likely = one_of_two or takes_indicators(estimator)
    return PROBABILITY if is_likely else OUTPUT_UNIT


def _decision(final, classes, class_names, last):
    if classes is None:
        return None
    labels = list(classes if class_names is None else map(str, class_names))
    boundary = 0.5 if last.activation == "score" else class_boundary(last.activation)
    if len(labels) == 1:
        return Decision(labels, "only")
    if takes_indicators(final):
        return Decision(labels, "each", boundary)
    return Decision(labels, "above" if last.n_units == 1 else "largest", boundary)


def _read_cascade(final, feature_names, class_names):
    """Nodes by the longest way to them, so that each sees earlier layers alone."""
    coef, lateral = dense(final.coefs_[0]), final.lateral_coef_
    bias = np.ravel(final.intercepts_[0])
    depth = np.zeros(len(lateral), dtype=int)
    for node in order(lateral != 0):
        depth[node] = 1 + max(depth[lateral[node] != 0], default=0)
    # Outputs are told by their net inputs, while the nodes that see them see them clipped.
    by_depth = [np.flatnonzero(depth == d) for d in range(1, depth.max() + 1)]
    layers = []
    for d, nodes in enumerate(by_depth, start=1):
        blocks = {e: lateral[nodes][:, by_depth[e - 1]].T for e in range(1, d)}
        layer = Layer.of({INPUTS: coef[:, nodes]} | blocks, bias[nodes], "clip")
        layers.append(Layer(layer.blocks, layer.bias, "clip", nodes))
    outputs = np.arange(final.n_outputs_)
    blocks = {e: lateral[outputs][:, nodes].T for e, nodes in enumerate(by_depth, start=1)}
    layers.append(Layer.of({INPUTS: coef[:, outputs]} | blocks, bias[outputs], "score"))
    _, output_names = name_outputs(final.classes_, final.n_outputs_, class_names)
    return Model(
        layers,
        name_features(final, len(coef), feature_names),
        output_names,
        SCORE,
        _decision(final, final.classes_, class_names, layers[-1]),
        np.zeros(len(coef)),
        type(final).__name__,
    )


def _read_perceptrons(final, feature_names, class_names):
    coef, bias = np.atleast_2d(final.coef_), np.ravel(final.intercept_)
    names = name_features(final, coef.shape[1], feature_names)
    origin = np.zeros(len(names))
    layer = Layer.of({INPUTS: coef.T}, bias, "identity")
    if not hasattr(final, "classes_"):
        _, outputs = name_outputs(None, len(bias), class_names)
        layers = [layer, *_limits(np.atleast_2d(final.limits_))]
        return Model(layers, names, outputs, VALUE, None, origin, type(final).__name__)
    is_each = isinstance(final.classes_, list)
    classes = np.arange(len(bias)) if is_each else final.classes_
    _, outputs = name_outputs(classes, len(bias), class_names)
    labels = list(classes if class_names is None else map(str, class_names))
    rule = "each" if is_each else "above" if len(bias) == 1 else "largest"
    decision = Decision(labels, rule)
    return Model([layer], names, outputs, NET_INPUT, decision, origin, type(final).__name__)


def _limits(limits):
    """Layers that keep values between limits, by two units an output: none where there are none.

    ``low + relu(z - low) - relu(z - high)``, a unit a finite limit.
    """
    if np.isinf(limits).all():
        return []
    low, high = limits.T
    n = len(limits)
    has_low, has_high = np.isfinite(low), np.isfinite(high)
    # Without a lower limit: high - relu(high - z).
    sign = np.where(has_low, 1.0, -1.0)
    blocks, biases, onto = [], [], []
    for k in range(n):
        ends = [(1.0, -low[k], 1.0)] * int(has_low[k])
        if has_high[k]:
            ends.append((sign[k], -sign[k] * high[k], -1.0))
        for weight, bias, back in ends:
            blocks.append(weight * np.eye(n)[k])
            biases.append(bias)
            onto.append(back * np.eye(n)[k])
    free = ~(has_low | has_high)
    last = {2: np.array(onto)} | ({1: np.diag(free.astype(float))} if free.any() else {})
    shift = np.where(has_low, low, np.where(has_high, high, 0.0))
    return [
        Layer.of({1: np.array(blocks).T}, biases, "relu"),
        Layer.of(last, shift, "identity"),
    ]


def _read_mixture(final, feature_names, class_names):
    layers = _log_joint([final], [1.0])
    layers[-1] = Layer.of(layers[-1].blocks, layers[-1].bias, "softmax")
    n = len(final.means_)
    names = [f"component {k}" for k in range(n)] if class_names is None else class_names
    if len(names) != n:
        raise ValueError(f"class_names has {len(names)} names, but there are {n} components.")
    features = name_features(final, final.means_.shape[1], feature_names)
    decision = Decision(list(range(n)) if class_names is None else list(names), "largest")
    origin = final.weights_ @ final.means_
    return Model(
        layers, features, list(map(str, names)), RESPONSIBILITY, decision, origin,
        type(final).__name__,
    )  # fmt: skip


def _read_mixture_classifier(final, feature_names, class_names):
    odd = [type(m).__name__ for m in final.estimators_ if not hasattr(m, "precisions_cholesky_")]
    if odd:
        raise TypeError(
            f"{type(final).__name__} of {odd[0]} cannot be written down; of mixtures such as "
            "SplittingGaussianMixture or GaussianMixture it can."
        )
    layers = _log_joint(final.estimators_, final.class_prior_)
    layers[-1] = Layer.of(layers[-1].blocks, layers[-1].bias, "softmax")
    sizes = [len(mixture.means_) for mixture in final.estimators_]
    classes = final.classes_
    # The classes' probabilities are the sums of their components'.
    of_class = np.repeat(np.eye(len(classes)), sizes, axis=0)
    layers.append(Layer.of({2: of_class}, np.zeros(len(classes)), "identity"))
    _, outputs = name_outputs(classes, len(classes), class_names)
    labels = list(classes if class_names is None else map(str, class_names))
    decision = Decision(labels, "largest" if len(labels) > 1 else "only")
    means = [mixture.weights_ @ mixture.means_ for mixture in final.estimators_]
    features = name_features(final, len(means[0]), feature_names)
    return Model(
        layers, features, outputs, PROBABILITY, decision, final.class_prior_ @ np.array(means),
        type(final).__name__,
    )  # fmt: skip


def _log_joint(mixtures, priors):
    """Layers that give the logarithm of each component's weight times density.

    ``log w_k + log |U_k| - d / 2 log 2 pi - |U_k' (x - m_k)|^2 / 2``: units that square, a
    direction of a component each, and sums of them. Parts that all components share stay out.
    """
    roots, centres, constants = [], [], []
    for mixture, prior in zip(mixtures, priors):
        d = mixture.means_.shape[1]
        for k, mean in enumerate(mixture.means_):
            root = _root(mixture, k, d)
            with np.errstate(divide="ignore"):
                mass = np.log(prior) + np.log(mixture.weights_[k])
            roots.append(root)
            centres.append(-mean @ root)
            constants.append(mass + np.log(np.diag(root)).sum() - 0.5 * d * _LOG_2PI)
    constants = np.array(constants)
    # A class of prior zero: a density that any other one exceeds.
    constants = np.where(np.isfinite(constants), constants - constants.max(), -1e30)
    n, d = len(roots), len(roots[0])
    onto = np.repeat(-0.5 * np.eye(n), d, axis=0)
    return [
        Layer.of({INPUTS: np.hstack(roots)}, np.concatenate(centres), "square"),
        Layer.of({1: onto}, constants, "identity"),
    ]


def _root(mixture, component, d):
    """The Cholesky factor U of a component's precision U U'."""
    kind, roots = mixture.covariance_type, mixture.precisions_cholesky_
    if kind == "spherical":
        return roots[component] * np.eye(d)
    if kind == "diag":
        return np.diag(roots[component])
    return roots if kind == "tied" else roots[component]
