"""What each known transformer makes of its columns, by its public attributes."""

from itertools import pairwise

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from ..._estimator.compat import listed_columns
from .forms import (
    MISSING,
    Applied,
    Between,
    Clipped,
    Column,
    Filled,
    Form,
    Lookup,
    Missing,
    Replaced,
    key_of,
)

# Functions that C has, too.
FUNCTIONS = {
    np.log: "log", np.log1p: "log1p", np.log2: "log2", np.log10: "log10", np.exp: "exp",
    np.expm1: "expm1", np.exp2: "exp2", np.sqrt: "sqrt", np.cbrt: "cbrt", np.square: "square",
    np.abs: "abs", np.fabs: "abs", np.sin: "sin", np.cos: "cos", np.tan: "tan", np.tanh: "tanh",
    np.sinh: "sinh", np.cosh: "cosh", np.arctan: "arctan", np.arcsinh: "arcsinh",
    np.floor: "floor", np.ceil: "ceil", np.rint: "rint",
}  # fmt: skip


class UnknownStep(ValueError):
    """A step that cannot be written as functions of single columns."""


def columns_after(steps, n_columns):
    """What comes out of fitted steps, one form a column.

    Parameters
    ----------
    steps : list of estimator
        Fitted transformers, each applied to what the one before it gives.
    n_columns : int
        Number of raw columns.

    Raises
    ------
    UnknownStep
        If one of them cannot be written down; the message names it.
    """
    forms = [Form.of(Column(index)) for index in range(n_columns)]
    for step in steps:
        forms = _after(step, forms)
    return forms


def _after(step, forms):
    while isinstance(step, FrozenEstimator):
        step = step.estimator
    if step is None or isinstance(step, str):  # "passthrough"
        return forms
    if isinstance(step, SelectorMixin):
        return [form for form, kept in zip(forms, step.get_support()) if kept]
    # (A subclass could do anything else.)
    if type(step) not in _READERS:
        raise UnknownStep(f"{type(step).__name__} cannot be written as functions of its columns.")
    return _READERS[type(step)](step, forms)


def _pipeline(step, forms):
    for _, part in step.steps:
        forms = _after(part, forms)
    return forms


def _union(step, forms):
    if step.transformer_weights:
        raise UnknownStep("FeatureUnion(transformer_weights=...) cannot be written down.")
    parts = [part for _, part in step.transformer_list if not _is_dropped(part)]
    return [form for part in parts for form in _after(part, forms)]


def _column_transformer(step, forms):
    if step.transformer_weights:
        raise UnknownStep("ColumnTransformer(transformer_weights=...) cannot be written down.")
    names = getattr(step, "feature_names_in_", None)
    names = None if names is None else names.tolist()
    return [
        form
        for _, part, columns in step.transformers_
        if not _is_dropped(part)
        for form in _after(part, [forms[i] for i in _positions(columns, names, len(forms))])
    ]


def _is_dropped(part):
    return isinstance(part, str) and part == "drop"


def _positions(columns, names, n_columns):
    """Numbers of columns given as scikit-learn takes them: by name, number, slice or mask."""
    if isinstance(columns, slice):
        if any(isinstance(end, str) for end in (columns.start, columns.stop)):
            ends = [None if end is None else names.index(end) for end in (columns.start,
                    columns.stop)]  # fmt: skip
            columns = slice(ends[0], None if ends[1] is None else ends[1] + 1, columns.step)
        return list(range(n_columns))[columns]
    columns = [columns] if isinstance(columns, str | int | np.integer) else listed_columns(columns)
    if columns and all(isinstance(column, bool | np.bool_) for column in columns):
        return np.flatnonzero(columns).tolist()
    found = [names.index(c) if isinstance(c, str) else int(c) for c in columns]
    return [position % n_columns for position in found]


def _affine(forms, factors, shifts):
    """Forms times factors plus shifts, where None is no factor and no shift."""
    factors = np.ones(len(forms)) if factors is None else factors
    shifts = np.zeros(len(forms)) if shifts is None else shifts
    return [form.affine(a, b) for form, a, b in zip(forms, factors, shifts)]


def affine_of(scaler):
    """Factors and shifts of a scaler, either None where it has none, or None of what is no scaler.

    A scaler that clips is one as well; inside its range it does the same.
    """
    if type(scaler) is MinMaxScaler:
        return scaler.scale_, scaler.min_
    if type(scaler) is MaxAbsScaler:
        return 1.0 / scaler.scale_, None
    if type(scaler) not in (StandardScaler, RobustScaler):
        return None
    is_standard = type(scaler) is StandardScaler
    centre = scaler.mean_ if is_standard else scaler.center_
    if (not scaler.with_mean) if is_standard else (not scaler.with_centering):
        centre = None
    factor = None if scaler.scale_ is None else 1.0 / scaler.scale_
    if centre is None:
        return factor, None
    return factor, -centre if factor is None else -centre * factor


def _scaler(step, forms):
    scaled = _affine(forms, *affine_of(step))
    if not getattr(step, "clip", False):
        return scaled
    ends = step.feature_range if isinstance(step, MinMaxScaler) else (-1.0, 1.0)
    return [Form.of(Clipped(form, *map(float, ends))) for form in scaled]


def _imputer(step, forms):
    kept = _kept_by(step, len(forms))
    filled = [_filled(form, step, step.statistics_[i]) for i, form in enumerate(forms) if kept[i]]
    return filled + (_indicator(step.indicator_, forms) if step.add_indicator else [])


def _kept_by(imputer, n_columns):
    """Which columns stay: scikit-learn drops those that had no value at all, unless told."""
    names = getattr(imputer, "feature_names_in_", [f"x{i}" for i in range(n_columns)])
    out = set(imputer.get_feature_names_out())
    return [name in out for name in names]


def _filled(form, step, statistic):
    if isinstance(statistic, str):
        return Form.of(Replaced(form.atom, _marker(step), str(statistic)))
    missing = key_of(step.missing_values)
    if isinstance(missing, str):
        raise UnknownStep(f"SimpleImputer(missing_values={missing!r}) of numbers is not known.")
    return Form.of(Filled(form, np.nan if missing is MISSING else missing, float(statistic)))


def _marker(step):
    """What stands for a missing word."""
    return key_of(step.missing_values)


def _indicator(step, forms):
    found = []
    for i in step.features_:
        missing = _marker(step)
        # Of words only the raw ones are known.
        is_number = missing is MISSING or isinstance(missing, float)
        if is_number:
            missing = np.nan if missing is MISSING else missing
        found.append(Form.of(Missing(forms[i], missing)))
    return found


def _one_hot(step, forms):
    found = []
    rare = getattr(step, "infrequent_categories_", [None] * len(forms))
    dropped = [None] * len(forms) if step.drop_idx_ is None else step.drop_idx_
    for form, categories, few, drop in zip(forms, step.categories_, rare, dropped):
        keys = [key_of(category) for category in categories]
        few = [] if few is None else [key_of(category) for category in few]
        groups = [[key] for key in keys if key not in few] + ([few] if few else [])
        off = None if drop is None else keys[drop]
        for group in groups:
            if drop is not None and off in group:
                continue
            other = None if step.handle_unknown == "error" else 0.0
            if few and group is groups[-1] and step.handle_unknown != "ignore" and other == 0.0:
                other = 1.0
            table = tuple((key, float(key in group)) for key in keys)
            found.append(Form.of(Lookup(form, table, other)))
    return found


def _ordinal(step, forms):
    found = []
    rare = getattr(step, "infrequent_categories_", [None] * len(forms))
    other = None if step.handle_unknown == "error" else float(step.unknown_value)
    for form, categories, few in zip(forms, step.categories_, rare):
        keys = [key_of(category) for category in categories]
        few = [] if few is None else [key_of(category) for category in few]
        often = [key for key in keys if key not in few and key is not MISSING]
        codes = {key: float(code) for code, key in enumerate(often)}
        codes |= dict.fromkeys((key for key in few if key is not MISSING), float(len(often)))
        if MISSING in keys:
            codes[MISSING] = float(step.encoded_missing_value)
        found.append(Form.of(Lookup(form, tuple(codes.items()), other)))
    return found


def _bins(step, forms):
    found = []
    for form, edges in zip(forms, step.bin_edges_):
        ends = [None, *map(float, edges[1:-1]), None]
        if step.encode == "ordinal":
            steps = tuple((Between(form, low, None), 1.0) for low in ends[1:-1])
            found.append(Form(steps))
        else:
            found += [Form.of(Between(form, *pair)) for pair in pairwise(ends)]
    return found


def _function(step, forms):
    if step.func is None:
        return forms
    name = function_name(step.func, step.kw_args)
    return [Form.of(Applied(form, name)) for form in forms]


def function_name(function, arguments=None):
    """The name of a function that is known, or an error."""
    name = FUNCTIONS.get(function) if isinstance(function, np.ufunc) else None
    if name is None or arguments:
        told = getattr(function, "__name__", repr(function))
        raise UnknownStep(
            f"FunctionTransformer({told}) cannot be written down; the functions of NumPy that can "
            f"are {', '.join(sorted(set(FUNCTIONS.values())))}."
        )
    return name


_READERS = {
    Pipeline: _pipeline,
    FeatureUnion: _union,
    ColumnTransformer: _column_transformer,
    StandardScaler: _scaler,
    RobustScaler: _scaler,
    MinMaxScaler: _scaler,
    MaxAbsScaler: _scaler,
    SimpleImputer: _imputer,
    MissingIndicator: _indicator,
    OneHotEncoder: _one_hot,
    OrdinalEncoder: _ordinal,
    KBinsDiscretizer: _bins,
    FunctionTransformer: _function,
}
