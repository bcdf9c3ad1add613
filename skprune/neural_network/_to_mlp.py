"""A plain scikit-learn MLP with the same predictions."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

from .._estimator.compat import MLP_REGRESSOR_OUTPUTS
from .._fitted.targets import takes_indicators
from .._network import network_output

# Losses and output activations that scikit-learn's MLPClassifier has.
_CLASSIFIERS = {("log_loss", "logistic"), ("log_loss", "softmax")}


def compact_network(coefs, intercepts, activations):
    """Remove units that reach no output and fold constant ones into the next biases.

    Returns
    -------
    coefs, intercepts : list of ndarray
        With one layer left when the network is constant.
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
            # From here on nothing depends on the inputs: the rest is a constant.
            return [np.zeros((len(coefs[0]), coefs[-1].shape[1]))], [intercepts[-1]]
        coefs[depth], intercepts[depth] = coefs[depth][:, alive], intercepts[depth][alive]
        coefs[depth + 1] = coefs[depth + 1][alive]
    return coefs, intercepts


def build_mlp(estimator, coefs, intercepts):
    """A scikit-learn MLP through its public calls, given the weights."""
    _check_expressible(estimator)
    hidden = estimator.activations_[:-1]
    parameters = {
        "hidden_layer_sizes": tuple(coef.shape[1] for coef in coefs[:-1]),
        "activation": hidden[0] if hidden else "identity",
        "alpha": estimator.alpha_,
        "random_state": 0,
    }
    blank = np.zeros((1, estimator.n_features_in_))
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
        mlp.feature_names_in_ = estimator.feature_names_in_
    return mlp


def _check_expressible(estimator):
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
