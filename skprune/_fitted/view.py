"""A fitted network to draw or to write down: weights, masks and names."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from .._network import Network, layer_sizes_of
from .._numerics.arrays import dense
from .reading import activations_of


@dataclass(frozen=True)
class FittedNetwork:
    """The fitted parts of a feedforward network that a drawing or a text needs.

    Attributes
    ----------
    coefs : list of ndarray of shape (n_in, n_out)
        Weights of each layer, zero where pruned.
    intercepts : list of ndarray of shape (n_out,)
        Biases of each layer, zero where pruned.
    coef_masks, intercept_masks : list of ndarray of bool
        True where a connection was kept.
    activations : list of str
        Name of each layer's activation, the output's last.
    feature_names : list of str
        One name an input.
    output_names : list of str
        One name an output unit: the class (of two, the positive one) or the target.
    class_names : list of str or None
        One name a class, None for a regressor.
    classes : ndarray or None
        The class labels, None for a regressor.
    direct_coef, direct_mask : ndarray of shape (n_features, n_outputs) or None
        Weights of the direct links from inputs to outputs, zero where pruned, and which of them
        were kept; None where there are none.
    """

    coefs: list
    intercepts: list
    coef_masks: list
    intercept_masks: list
    activations: list
    feature_names: list
    output_names: list
    class_names: list | None
    classes: np.ndarray | None
    direct_coef: np.ndarray | None = None
    direct_mask: np.ndarray | None = None

    @classmethod
    def of(cls, estimator, *, feature_names=None, class_names=None):
        """Read the network that a fitted estimator holds, through its public attributes.

        Parameters
        ----------
        estimator : estimator
            A fitted network estimator of skprune or scikit-learn, a fitted `Pipeline` that ends
            in one (the feature names are then those that leave its other steps) or in a search,
            or a fitted search over either.
        feature_names : sequence of str of shape (n_features,), default=None
            Names of the inputs; None takes those seen in `fit`, or `x0`, `x1`, ...
        class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
            Names of the classes in the order of `classes_`, or of the targets of a regressor;
            None takes the labels themselves.

        Returns
        -------
        network : FittedNetwork
            Dense copies of the weights, with masks and names.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator holds no feedforward network.
        ValueError
            If there are more or fewer names than inputs, classes or targets, or the shapes of the
            weights do not fit together.
        """
        transformer, estimator = split_pipeline(estimator)
        if transformer is not None and feature_names is None:
            feature_names = names_after(transformer)
        if not getattr(estimator, "coefs_", None) or hasattr(estimator, "lateral_coef_"):
            raise TypeError(
                f"{type(estimator).__name__} holds no layered feedforward network. "
                f"{_cure(estimator)}"
            )
        coefs = [dense(coef) for coef in estimator.coefs_]
        intercepts = _read_intercepts(estimator, coefs)
        direct_coef, direct_mask = _read_direct(estimator)
        layer_sizes_of(coefs, intercepts, type(estimator).__name__, direct_coef)
        masks = _read_masks(estimator, "coef_masks_", coefs)
        intercept_masks = _read_masks(estimator, "intercept_masks_", intercepts)
        classes = estimator.classes_ if is_classifier(estimator) else None
        class_names, output_names = name_outputs(classes, coefs[-1].shape[1], class_names)
        return cls(
            coefs=[np.where(mask, coef, 0.0) for mask, coef in zip(masks, coefs)],
            intercepts=[np.where(mask, b, 0.0) for mask, b in zip(intercept_masks, intercepts)],
            coef_masks=masks,
            intercept_masks=intercept_masks,
            activations=list(activations_of(estimator, len(coefs))),
            feature_names=name_features(estimator, len(coefs[0]), feature_names),
            output_names=output_names,
            class_names=class_names,
            classes=classes,
            direct_coef=direct_coef,
            direct_mask=direct_mask,
        )

    @property
    def n_layers(self):
        """Number of layers of weights."""
        return len(self.coefs)

    @property
    def layer_sizes(self):
        """Number of inputs, of units in each hidden layer, and of outputs."""
        return [len(self.coefs[0])] + [coef.shape[1] for coef in self.coefs]

    def alive(self):
        """Tell, for each layer from the inputs on, which nodes reach an output."""
        reached = [np.ones(self.coefs[-1].shape[1], dtype=bool)]
        for mask in reversed(self.coef_masks):
            reached.insert(0, mask[:, reached[0]].any(axis=1))
        if self.direct_mask is not None:
            reached[0] |= self.direct_mask.any(axis=1)
        return reached

    def connections(self):
        """List the kept weights that reach an output, as (layer, source, target, weight).

        The source of a bias is None. Direct links are the layer after the last.
        """
        alive = self.alive()
        found = []
        for layer, coef in enumerate(self.coefs):
            kept = self.coef_masks[layer] & alive[layer + 1]
            found += [(layer, i, j, coef[i, j]) for i, j in np.argwhere(kept).tolist()]
            biased = np.flatnonzero(self.intercept_masks[layer] & alive[layer + 1])
            found += [(layer, None, j, self.intercepts[layer][j]) for j in biased.tolist()]
        if self.direct_mask is not None:
            links = np.argwhere(self.direct_mask).tolist()
            found += [(self.n_layers, i, j, self.direct_coef[i, j]) for i, j in links]
        return found

    def ends(self, layer, source, target):
        """Return the nodes that a weight joins, each a layer, from the inputs on, and a unit."""
        if layer == self.n_layers:
            return (0, source), (layer, target)
        return (layer, source), (layer + 1, target)

    def hidden_values(self, X):
        """Return the activations of each hidden layer, arrays of shape (n_samples, n_units)."""
        shapes = Network(tuple(self.layer_sizes), (*self.activations[:-1], "identity"))
        return shapes.forward(shapes.pack(self.coefs, self.intercepts), X)[1:-1]

    def unit_name(self, layer, unit):
        """Name a node: of the inputs (layer 0), a hidden layer, or the outputs (the last)."""
        if layer == 0:
            return self.feature_names[unit]
        if layer == self.n_layers:
            return self.output_names[unit]
        return f"h{unit}" if self.n_layers == 2 else f"h{layer}_{unit}"


def split_pipeline(estimator):
    """Return what comes before the network in a fitted pipeline (or None), and the network."""
    check_is_fitted(estimator)
    if isinstance(estimator, FrozenEstimator):
        estimator = estimator.estimator
    if not hasattr(estimator, "coefs_"):
        estimator = getattr(estimator, "best_estimator_", estimator)  # of a search
    if not isinstance(estimator, Pipeline):
        return None, estimator
    # (The last step may be a search, over pipelines even.)
    inner, final = split_pipeline(estimator[-1])
    if len(estimator) == 1:
        return inner, final
    before = estimator[:-1]
    return (before if inner is None else make_pipeline(before, inner)), final


def _cure(estimator):
    if hasattr(estimator, "regressor_"):
        return "Pass its regressor_, whose outputs are in the units of the transformed target."
    if hasattr(estimator, "lateral_coef_"):
        return "It is a cascade, whose units see units of their own layer; use structure='layers'."
    return (
        "Pass a fitted network estimator of skprune or scikit-learn's MLPClassifier or "
        "MLPRegressor."
    )


def _read_masks(estimator, name, values):
    """Masks of the weights that exist: those that are not zero, where no estimator says."""
    masks = getattr(estimator, name, None) or [value != 0 for value in values]
    return [dense(mask).astype(bool) for mask in masks]


def _read_intercepts(estimator, coefs):
    intercepts = getattr(estimator, "intercepts_", None)
    if not intercepts:
        return [np.zeros(coef.shape[1]) for coef in coefs]
    return [dense(intercept).ravel() for intercept in intercepts]


def _read_direct(estimator):
    """Return the weights of the direct links and which were kept, or None and None."""
    coef = getattr(estimator, "direct_coef_", None)
    if coef is None:
        return None, None
    coef, mask = dense(coef), getattr(estimator, "direct_mask_", None)
    mask = coef != 0 if mask is None else dense(mask).astype(bool)
    return np.where(mask, coef, 0.0), mask


def names_after(transformer):
    """Names of a transformer's output, without the prefixes that are not needed to tell them."""
    try:
        names = transformer.get_feature_names_out().tolist()
    except (AttributeError, ValueError):  # a step that does not name its output
        return None
    short = [name.rpartition("__")[2] for name in names]
    return short if len(set(short)) == len(short) else names


def name_features(estimator, n_features, feature_names):
    if feature_names is None:
        feature_names = getattr(estimator, "feature_names_in_", None)
    if feature_names is None:
        return [f"x{i}" for i in range(n_features)]
    if len(feature_names) != n_features:
        raise ValueError(
            f"feature_names has {len(feature_names)} names, but the network has {n_features} "
            "inputs. Pass one name for each column that the network itself was trained on."
        )
    return [str(name) for name in feature_names]


def name_outputs(classes, n_outputs, names):
    """Return the names of the classes (None in regression) and of the output units."""
    expected = n_outputs if classes is None else len(classes)
    if names is not None and len(names) != expected:
        kind = "outputs" if classes is None else f"classes ({', '.join(map(str, classes))})"
        raise ValueError(
            f"class_names has {len(names)} names, but the network has {expected} {kind}."
        )
    if names is not None:
        names = [str(name) for name in names]
    elif classes is None:
        names = ["y"] if n_outputs == 1 else [f"y{k}" for k in range(n_outputs)]
    else:
        names = [label if isinstance(label, str) else f"y = {label}" for label in classes]
    if classes is None:
        return None, names
    return names, names[1:] if n_outputs == 1 and expected == 2 else names[:n_outputs]
