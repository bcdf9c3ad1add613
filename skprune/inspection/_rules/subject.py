"""A network seen as a function of discrete attributes."""

import copy
from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array, gen_batches
from sklearn.utils.validation import _check_feature_names

from ..._estimator.data import canonical
from ..._estimator.warnings import warn_user
from ..._fitted.columns.transformers import UnknownStep, columns_after
from ..._fitted.opening import open_up
from ..._fitted.view import FittedNetwork, split_pipeline
from .attributes import find_attributes
from .raw_attributes import raw_attributes

BATCH = 4096
MOST_NAMED = 5  # unknown values in a warning


@dataclass(frozen=True)
class DiscreteClassifier:
    """A fitted classifier whose rules are to be read.

    Attributes
    ----------
    transformer : estimator or None
        What turns the estimator's samples into the network's inputs.
    estimator : estimator
        The network estimator.
    network : FittedNetwork
        Its weights and names.
    attributes : list of Attribute
        The attributes that the network uses.
    """

    transformer: object
    estimator: object
    network: FittedNetwork
    attributes: list

    @classmethod
    def of(cls, estimator, X, groups, feature_names, class_names):
        """Read an estimator; samples X, if given, show the values that inputs take."""
        transformer, final = split_pipeline(estimator)
        network = FittedNetwork.of(estimator, feature_names=feature_names, class_names=class_names)
        if not is_classifier(final):
            raise TypeError(
                f"Rules tell classes, but {type(final).__name__} predicts numbers. "
                "export_text writes its equations."
            )
        if _predict(final, np.zeros((1, len(network.feature_names)))).ndim > 1:
            raise TypeError("Rules are read for one target, not for several labels at once.")
        Z = None if X is None else _network_inputs(transformer, final, X, network)
        attributes = None
        if groups is None and feature_names is None:
            attributes = _attributes_of_pipeline(estimator, network, X)
        if attributes is None:
            sources = getattr(transformer, "feature_names_in_", None)
            attributes = find_attributes(network, Z, groups=groups, sources=sources)
        return cls(transformer, final, network, attributes)

    @property
    def variables(self):
        """Names and values of the attributes."""
        return [attribute.variable for attribute in self.attributes]

    @property
    def shape(self):
        """Number of values of each attribute."""
        return tuple(len(attribute.states) for attribute in self.attributes)

    @property
    def n_patterns(self):
        """Number of combinations of values."""
        return int(np.prod([float(size) for size in self.shape]))

    def codes(self, X):
        """Number the values that the attributes take in samples of the estimator."""
        Z = _network_inputs(self.transformer, self.estimator, X, self.network)
        codes = [attribute.codes(Z) for attribute in self.attributes]
        self._warn_of_unknown_values(Z, codes)
        return np.stack(codes, axis=1) if codes else np.zeros((Z.shape[0], 0), dtype=int)

    def _warn_of_unknown_values(self, Z, codes):
        unknown = [
            f"{attribute.variable.name} == {value}"
            for attribute, code in zip(self.attributes, codes)
            for value in attribute.unknown(Z, code)
        ]
        if unknown:
            named = ", ".join(unknown[:MOST_NAMED]) + (", ..." if unknown[MOST_NAMED:] else "")
            warn_user(
                f"X has values that the rules do not know: {named}. They count as the nearest "
                "that they know, and the network may decide otherwise; call export_rules with "
                "an X that has these values.",
                UserWarning,
            )

    def domain(self):
        """Return the numbers of the values of all combinations, in lexicographic order."""
        return np.indices(self.shape).reshape(len(self.shape), self.n_patterns).T

    def inputs(self, codes):
        """Return inputs of the network that stand for numbers of values."""
        Z = np.zeros((len(codes), len(self.network.feature_names)))
        for attribute, code in zip(self.attributes, codes.T):
            Z[:, attribute.columns] = attribute.states[code]
        return Z

    def predict(self, X):
        """Return the network's predictions for samples of the estimator."""
        Z = _network_inputs(self.transformer, self.estimator, X, self.network)
        return _predict(self.estimator, Z)

    def labels(self, codes):
        """Return the network's predictions for numbers of values."""
        batches = gen_batches(len(codes), BATCH)
        return np.concatenate([_predict(self.estimator, self.inputs(codes[b])) for b in batches])


def _attributes_of_pipeline(estimator, network, X):
    """Raw columns as attributes, or None if that is not what the network's inputs are made of."""
    opened = open_up(estimator)
    if not opened.steps or opened.n_features is None:
        return None
    try:
        forms = columns_after(opened.steps, opened.n_features)
    except UnknownStep:
        return None
    names = opened.feature_names or [f"x{i}" for i in range(opened.n_features)]
    return raw_attributes(forms, names, network.alive()[0], X)


def _predict(estimator, Z):
    # The inputs are built by position: names would only be compared with themselves.
    nameless = copy.copy(estimator)
    vars(nameless).pop("feature_names_in_", None)
    return nameless.predict(Z)


def _network_inputs(transformer, estimator, X, network):
    Z = X if transformer is None else transformer.transform(X)
    _check_feature_names(estimator, Z, reset=False)
    Z = canonical(check_array(Z, accept_sparse="csr", dtype=float))
    if Z.shape[1] != len(network.feature_names):
        raise ValueError(
            f"X gives {Z.shape[1]} inputs, but the network was trained on "
            f"{len(network.feature_names)}. Pass samples as the estimator takes them in predict."
        )
    return Z
