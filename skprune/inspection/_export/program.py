"""A fitted estimator as a program: raw columns, atoms of them, layers of units, labels."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline

from ..._fitted.columns.forms import (
    MISSING,
    Applied,
    Clipped,
    Column,
    Filled,
    Lookup,
    Missing,
    Replaced,
    renumbered,
)
from ..._fitted.columns.targets import steps_back
from ..._fitted.columns.transformers import UnknownStep, columns_after
from ..._fitted.opening import open_up
from ..._fitted.view import names_after
from .layers import INPUTS, Layer, compacted
from .models import Decision, read_model

# Digits that a sum may lose before an input is centred: raw values such as years, far from zero
# for their spread, would take more of single precision's seven, and of double's sixteen at 1e3.
_MAX_SHIFT = {"double": 1e3, "float": 0.0, "int16": 0.0, "int8": 0.0, "text": np.inf}
_INTEGERS = ("int16", "int8")


@dataclass(frozen=True)
class Program:
    """What is to be written down.

    Attributes
    ----------
    inputs : list of str
        Names of the raw columns.
    atoms : list
        What the layers see, functions of raw columns (see `_fitted.columns.forms`).
    centres, gains : ndarray of shape (n_atoms,)
        What is taken off each atom, and what it is then multiplied by.
    layers : list of Layer
    outputs : list of str
        Names of the outputs.
    kind : str
        What they are.
    decision : Decision or None
    name : str
        Class name of the model at the end.
    is_network : bool
        Whether that is a layered network.
    skipped : list of str
        Class names of the steps before and after it that are left out.
    included : list of str
        Class names of those that are not.
    """

    inputs: list
    atoms: list
    centres: np.ndarray
    gains: np.ndarray
    layers: list
    outputs: list
    kind: str
    decision: Decision | None
    name: str
    is_network: bool
    skipped: list
    included: list

    @classmethod
    def of(cls, estimator, feature_names=None, class_names=None, steps="all", precision="double"):
        """Read a fitted estimator.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        TypeError
            If it is none that can be written down.
        ValueError
            If a step cannot be written down, or the number of names is wrong.
        """
        opened = open_up(estimator)
        is_whole = steps == "all" and bool(opened.steps)
        model = read_model(opened.final, None if is_whole else feature_names, class_names)
        if is_whole:
            forms, inputs = _read_steps(opened, feature_names)
            if len(forms) != len(model.feature_names):
                raise ValueError(
                    f"The steps before {model.name} give {len(forms)} columns, but it has "
                    f"{len(model.feature_names)} inputs. Use steps='last' to write it down alone."
                )
        else:
            forms, inputs = columns_after([], len(model.feature_names)), model.feature_names
            if opened.steps and feature_names is None:
                named = Pipeline([(str(i), step) for i, step in enumerate(opened.steps)])
                inputs = names_after(named) or inputs
        layers = model.layers
        if steps == "all":
            layers = _through_targets(layers, opened.targets)
        around = [type(step).__name__ for step in (*opened.steps, *opened.targets)]
        folded = _fold(forms, compacted(layers), model.origin, precision)
        return cls(
            inputs, *folded, model.output_names, model.kind, model.decision, model.name,
            model.is_network, *(([], around) if steps == "all" else (around, [])),
        )  # fmt: skip

    @property
    def columns(self):
        """Numbers of the raw columns in use, in their order."""
        return sorted(set().union(*(atom.columns() for atom in self.atoms)))

    @property
    def n_weights(self):
        """Number of weights that are not zero."""
        return sum(layer.n_weights for layer in self.layers)

    @property
    def n_outputs(self):
        return len(self.outputs)

    def of_used_columns(self):
        """The same of the columns in use alone."""
        numbers = {column: position for position, column in enumerate(self.columns)}
        return replace(
            self,
            inputs=[self.inputs[column] for column in self.columns],
            atoms=[renumbered(atom, numbers) for atom in self.atoms],
        )

    def words(self):
        """Words of the columns that hold words, by their numbers, in the order of their codes."""
        found = {}
        for atom in self.atoms:
            _collect_words(atom, found)
        return dict(sorted(found.items()))


def _read_steps(opened, feature_names):
    """Forms of the model's inputs, and the names of the raw columns."""
    n_columns = opened.n_features
    if n_columns is None:
        raise ValueError(
            f"{type(opened.steps[0]).__name__} does not tell how many columns it was fitted on. "
            "Use steps='last' to write the last step down alone."
        )
    try:
        forms = columns_after(opened.steps, n_columns)
    except UnknownStep as problem:
        raise ValueError(f"{problem} Use steps='last' to write the last step down alone.") from None
    names = feature_names if feature_names is not None else opened.feature_names
    if names is None:
        names = [f"x{i}" for i in range(n_columns)]
    if len(names) != n_columns:
        raise ValueError(
            f"feature_names has {len(names)} names, but the pipeline takes {n_columns} columns. "
            "Pass one name for each column that goes into it."
        )
    return forms, [str(name) for name in names]


def _through_targets(layers, targets):
    """Layers whose outputs have gone back through the transformers of the target."""
    layers = list(layers)
    try:
        steps = steps_back(targets, layers[-1].n_units)
    except UnknownStep as problem:
        raise ValueError(f"{problem} Use steps='last' to write the last step down alone.") from None
    for factors, shifts, function in steps:
        if layers[-1].activation != "identity":
            n = layers[-1].n_units
            layers.append(Layer.of({len(layers): np.eye(n)}, np.zeros(n), "identity"))
        last = layers[-1]
        layers[-1] = replace(
            last,
            blocks={source: block * factors for source, block in last.blocks.items()},
            bias=last.bias * factors + shifts,
            activation=function or "identity",
        )
    return layers


def _fold(forms, layers, origin, precision):
    """Atoms in use, their centres, and the layers as functions of them."""
    used = np.any([layer.is_used(INPUTS, len(forms)) for layer in layers], axis=0)
    atoms = {}
    for form in (forms[i] for i in np.flatnonzero(used)):
        for atom, _ in form.terms:
            atoms.setdefault(atom, len(atoms))
    ordered = sorted(atoms, key=lambda atom: (sorted(atom.columns()), atoms[atom]))
    atoms = {atom: i for i, atom in enumerate(ordered)}
    rows, columns, weights = [], [], []
    for i in np.flatnonzero(used).tolist():
        for atom, weight in forms[i].terms:
            rows.append(i)
            columns.append(atoms[atom])
            weights.append(weight)
    factors = sparse.csr_array((weights, (rows, columns)), shape=(len(forms), len(atoms)))
    shifts = np.array([form.constant for form in forms])
    centres, gains = _centres_and_gains(forms, atoms, used, origin, precision)
    shifts = shifts + factors @ centres
    factors = factors @ sparse.diags_array(1.0 / gains)
    folded = []
    for layer in layers:
        blocks, bias = dict(layer.blocks), layer.bias
        if INPUTS in blocks:
            bias = bias + shifts[used] @ blocks[INPUTS][used]
            blocks[INPUTS] = factors.T @ blocks[INPUTS]
        folded.append(replace(layer, blocks=blocks, bias=bias))
    return list(atoms), centres, gains, folded


def _centres_and_gains(forms, atoms, used, origin, precision):
    """What to take off each atom: where its first affine form is zero, if digits would be lost.

    Weights that will be whole numbers stay the model's own, so scales are not folded into them.
    """
    centres, gains = np.zeros(len(atoms)), np.ones(len(atoms))
    for i in reversed(np.flatnonzero(used).tolist()):
        form = forms[i]
        if len(form.terms) != 1 or not isinstance(form.terms[0][0], _NUMBERS):
            continue
        atom, weight = form.terms[0]
        shift = origin[i] - form.constant
        centre = shift / weight if abs(shift) > _MAX_SHIFT[precision] else 0.0
        centres[atoms[atom]] = centre if precision == "double" else np.float32(centre)
        if precision in _INTEGERS:
            gains[atoms[atom]] = np.float32(weight)
    return centres, gains


_NUMBERS = (Column, Filled, Clipped, Applied)


def _collect_words(atom, found):
    if isinstance(atom, Lookup):
        words = [key for key, _ in atom.table if isinstance(key, str)]
    elif isinstance(atom, Replaced):
        words = [word for word in (atom.word, atom.by) if word is not MISSING]
    elif isinstance(atom, Missing):
        words = [atom.missing] if isinstance(atom.missing, str) else []
    else:
        words = []
    for column in atom.columns():
        if words:
            known = found.setdefault(column, [])
            known += [word for word in dict.fromkeys(words) if word not in known]
    inner = getattr(atom, "of", None)
    if isinstance(inner, Replaced):
        _collect_words(inner, found)
    for part, _ in getattr(inner, "terms", ()):
        _collect_words(part, found)
