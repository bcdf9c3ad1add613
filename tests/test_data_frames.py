"""pandas and polars in, and out where there is an output to choose; parameters of nested parts."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import assert_same_outputs, columns, frame_for, quick
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skprune import PenalizedMLPClassifier

each_estimator = pytest.mark.parametrize("name", sorted(PUBLIC_ESTIMATORS))


@each_estimator
def test_pandas_and_polars_give_what_arrays_give(name):
    model = quick(name)
    X, y = frame_for(model)
    plain = clone(model).fit(X.to_numpy(), y)
    assert not hasattr(plain, "feature_names_in_")
    for frame, target in (
        (X, pd.Series(y, name="target")),
        (pl.DataFrame(columns(X)), pl.Series("target", y)),
    ):
        fitted = clone(model).fit(frame, target)
        assert list(fitted.feature_names_in_) == list(X.columns)
        assert_same_outputs(plain, _nameless(fitted), X.to_numpy())
        use = fitted.predict if hasattr(fitted, "predict") else fitted.transform
        use(frame)
        with pytest.raises(ValueError, match="feature names"):
            use(frame[frame.columns[::-1]])


def _nameless(model):
    """A copy without names, which takes arrays without a warning."""
    copy = clone(model)
    vars(copy).update(vars(model))
    del copy.feature_names_in_
    return copy


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize(
    "name", sorted(n for n, cls in PUBLIC_ESTIMATORS.items() if hasattr(cls, "transform"))
)
def test_transformers_put_out_what_is_asked_for(name, kind):
    model = quick(name).set_output(transform=kind)
    X, y = frame_for(model)
    expected = quick(name).fit(X, y).transform(X)
    found = model.fit(X, y).transform(X)
    assert isinstance(found, {"pandas": pd.DataFrame, "polars": pl.DataFrame}[kind])
    assert list(found.columns) == list(model.get_feature_names_out())
    np.testing.assert_array_equal(found.to_numpy(), np.asarray(expected))


@pytest.mark.parametrize(
    "name", [n for n in sorted(PUBLIC_ESTIMATORS) if "OBSMLP" in n or "LPMLP" in n]
)
def test_a_pipeline_as_estimator_is_refused_before_its_raw_table_is(name):
    table = pd.DataFrame({"fuel": ["gas", "diesel"] * 5, "km": np.arange(10.0)})
    model = quick(name)
    pipeline = make_pipeline(
        OneHotEncoder(), model.estimator or PenalizedMLPClassifier(alpha=1e-3, direct_links=False)
    )
    with pytest.raises(ValueError, match="last in the pipeline"):
        model.set_params(estimator=pipeline).fit(table, np.arange(10) % 2)


@each_estimator
def test_clones_and_nested_parameters(name):
    model = quick(name)
    pipeline = make_pipeline(StandardScaler(), model)
    copy = clone(pipeline)
    assert repr(copy.get_params()) == repr(pipeline.get_params())
    step = type(model).__name__.lower()
    for key, value in model.get_params().items():
        assert repr(pipeline.get_params()[f"{step}__{key}"]) == repr(value)
    nested = {key: value for key, value in model.get_params().items() if "__" in key}
    assert bool(nested) == hasattr(model.get_params().get("estimator"), "get_params")
    for key, value in nested.items():
        copy.set_params(**{f"{step}__{key}": value})
