"""A plain scikit-learn MLP with the same predictions."""

import numpy as np
from scipy.linalg import block_diag
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

from .._estimator.compat import MLP_REGRESSOR_OUTPUTS
from .._fitted.targets import takes_indicators
from .._network import network_output

# Largest error of an output's net input that direct links may have once they pass through curved
# units: far below what a prediction is good for, and within reach of double precision.
MAX_ERROR = 1e-6
# What is aimed at with tanh units, whose rounding errors are relative ones: the rest is left for
# inputs beyond those of the training (the error grows with their third power).
_AIM = 1e-9
# Rounding error of a logistic unit near its middle, and of the net input that is made of it.
_ROUNDING = 1e-15
# Losses and output activations that scikit-learn's MLPClassifier has.
_CLASSIFIERS = {("log_loss", "logistic"), ("log_loss", "softmax")}


def compact_network(coefs, intercepts, activations, direct_coef=None):
    """Remove units that reach no output and fold constant ones into the next biases.

    Returns
    -------
    coefs, intercepts : list of ndarray
        With one layer left when no hidden unit matters: a linear network, or a constant one.
    direct_coef : ndarray or None
        None as well where the direct links have become that layer.
    """
    coefs, intercepts = [c.copy() for c in coefs], [b.copy() for b in intercepts]
    for depth in range(len(coefs) - 1):
        constant = ~coefs[depth].any(axis=0)
        level = network_output(
            [coefs[depth]],
            [intercepts[depth]],
            activations[depth : depth + 1],
            np.zeros((1, len(coefs[depth]))),
        )[0]
        intercepts[depth + 1] += level[constant] @ coefs[depth + 1][constant]
        coefs[depth + 1][constant] = 0.0
    for depth in range(len(coefs) - 2, -1, -1):
        alive = coefs[depth + 1].any(axis=1)
        if not alive.any():
            # From here on nothing depends on the hidden units: the rest is direct, or constant.
            if direct_coef is None:
                direct_coef = np.zeros((len(coefs[0]), coefs[-1].shape[1]))
            return [direct_coef], [intercepts[-1]], None
        coefs[depth], intercepts[depth] = coefs[depth][:, alive], intercepts[depth][alive]
        coefs[depth + 1] = coefs[depth + 1][alive]
    return coefs, intercepts, direct_coef


def lead_through_units(coefs, intercepts, direct_coef, activation, largest_inputs):
    """The same network with its direct links led through further units of the hidden layers.

    For each output with direct links, whose sum is t: a unit a layer that hands on t ("identity"),
    two that hand on its positive and its negative part ("relu"), or one that hands on e t, e being
    so small that the curvature of the unit does not matter: ``tanh(e t) = e t - (e t)^3 / 3``,
    ``logistic(e t) = 1/2 + e t / 4 - (e t)^3 / 48``, up to smaller terms.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
    direct_coef : ndarray of shape (n_features, n_outputs)
    activation : {"identity", "relu", "tanh", "logistic"}
        Of all hidden layers.
    largest_inputs : ndarray of shape (n_features,)
        The largest absolute value of each input, for which net inputs differ by `MAX_ERROR`.

    Raises
    ------
    ValueError
        If logistic units cannot do so: their rounding errors count for more, the larger t is.
    """
    linked = np.flatnonzero(direct_coef.any(axis=0))
    links, n_layers = direct_coef[:, linked], len(coefs) - 1
    reach = largest_inputs @ np.abs(links)
    reach[reach == 0] = 1.0
    onto = np.eye(direct_coef.shape[1])[linked]
    between, shift, offset = np.eye(len(linked)), 0.0, 0.0
    if activation == "relu":
        links, onto = np.hstack([links, -links]), np.vstack([onto, -onto])
        between = np.eye(2 * len(linked))
    elif activation != "identity":
        steps = _steps(activation, reach, n_layers)
        gain = 4.0 if activation == "logistic" else 1.0
        links, onto = links * steps, onto * (gain / steps)[:, None]
        between *= gain
        if activation == "logistic":
            shift, offset = -2.0, -0.5 * onto.sum(axis=0)
    n_units = links.shape[1]
    wider = [np.hstack([coefs[0], links])]
    wider += [block_diag(coef, between) for coef in coefs[1:-1]]
    wider.append(np.vstack([coefs[-1], onto]))
    biases = [np.append(intercepts[0], np.zeros(n_units))]
    biases += [np.append(bias, np.full(n_units, shift)) for bias in intercepts[1:-1]]
    biases.append(intercepts[-1] + offset)
    return wider, biases


def _steps(activation, reach, n_layers):
    """The factors e of sums t as large as ``reach``, such that units have next to no curvature."""
    if activation == "tanh":
        return np.sqrt(3.0 * _AIM / (n_layers * reach**3))
    # The sum of e^2 t^3 / 12 and of the rounding error, divided by e, has its minimum here.
    steps = np.cbrt(6.0 * _ROUNDING) / reach
    errors = n_layers * (steps**2 * reach**3 / 12.0 + _ROUNDING / steps)
    if errors.max() > MAX_ERROR:
        raise ValueError(
            f"The direct links sum up to {reach.max():.3g}, too much to pass through logistic "
            f"units with an error below {MAX_ERROR:g}: scale the inputs or targets, or train with "
            "activation='tanh' or 'relu'."
        )
    return steps


def used_inputs(estimator, coefs, direct_coef):
    """Numbers of the inputs that a network sees, one at least."""
    if hasattr(estimator, "get_support"):
        used = estimator.get_support()
    else:
        used = coefs[0].any(axis=1)
        if direct_coef is not None:
            used = used | direct_coef.any(axis=1)
    # (scikit-learn knows no data without columns.)
    return np.flatnonzero(used) if used.any() else np.zeros(1, dtype=int)


def build_mlp(estimator, coefs, intercepts, inputs):
    """A scikit-learn MLP through its public calls, given the weights and the inputs it takes."""
    hidden = estimator.activations_[:-1]
    parameters = {
        "hidden_layer_sizes": tuple(coef.shape[1] for coef in coefs[:-1]),
        "activation": hidden[0] if hidden else "identity",
        "random_state": 0,
    }
    if estimator.alpha_ is not None:  # scikit-learn's MLPs have one decay for all coefficients
        parameters["alpha"] = estimator.alpha_
    blank = np.zeros((1, len(inputs)))
    if is_classifier(estimator):
        y = np.zeros((1, len(estimator.classes_)), dtype=int)
        if not takes_indicators(estimator):
            y = estimator.classes_[:1]
        mlp = MLPClassifier(**parameters).partial_fit(blank, y, classes=estimator.classes_)
    else:
        y = np.ones(1 if estimator.n_outputs_ == 1 else (1, estimator.n_outputs_))
        loss = estimator.loss_function_
        named = {} if loss == "squared_error" else {"loss": loss}
        mlp = MLPRegressor(**named, **parameters).partial_fit(blank, y)
    mlp.coefs_, mlp.intercepts_ = coefs, intercepts
    mlp.loss_ = estimator.loss_
    if hasattr(estimator, "feature_names_in_"):
        mlp.feature_names_in_ = estimator.feature_names_in_[inputs]
    return mlp


def check_expressible(estimator):
    """Refuse networks that scikit-learn's MLPs cannot be."""
    activations, loss = estimator.activations_, estimator.loss_function_
    hidden, out = activations[:-1], activations[-1]
    classifies = is_classifier(estimator)
    valid = _CLASSIFIERS if classifies else MLP_REGRESSOR_OUTPUTS
    # With several exclusive classes scikit-learn's output is softmax, with none to tell it is 1-d.
    is_other_output = classifies and (
        (out == "logistic" and estimator.n_outputs_ > 1 and not takes_indicators(estimator))
        or len(estimator.classes_) == 1
    )
    is_one_activation = len(set(hidden)) <= 1 and "clip" not in hidden
    if (loss, out) in valid and is_one_activation and not is_other_output:
        return
    if (loss, out) == ("poisson", "exp") and (loss, out) not in valid:
        raise ValueError(
            "The network has Poisson loss, which scikit-learn's MLPRegressor knows since 1.7: "
            "install that, or use export_c or export_numpy of skprune.inspection."
        )
    retraining = "loss='log_loss', " if classifies else ""
    raise ValueError(
        f"scikit-learn's MLPs cannot express a network with activations "
        f"{activations} and loss {loss!r} (they know {sorted(valid)}, softmax for "
        "several exclusive classes, two classes at least, and one hidden activation). Use "
        "export_c or export_numpy of skprune.inspection"
        + ("" if "clip" in hidden else f", or train with {retraining}out_activation='auto'")
        + "."
    )
