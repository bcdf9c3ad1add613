"""Fitted estimators survive pickle, joblib and skops; skops trusts the documented types only."""

import io
import pickle
import re
import warnings
from importlib import import_module
from pathlib import Path

import joblib
import pytest
import skops.io
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import assert_same_outputs, frame_for, quick
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

import skprune

ROOT = Path(__file__).parents[1]
TRUSTED = (ROOT / "doc" / "guide" / "trusted_types.txt").read_text("utf-8").split()

each_estimator = pytest.mark.parametrize("name", sorted(PUBLIC_ESTIMATORS))


@pytest.fixture(scope="module")
def fitted():
    """Fitted estimators by name, each fitted once."""
    models = {}

    def fit(name):
        if name not in models:
            model = quick(name)
            models[name] = model.fit(*frame_for(model))
        return models[name]

    return fit


def by_pickle(model):
    return pickle.loads(pickle.dumps(model))


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def by_skops(model):
    return skops.io.loads(skops.io.dumps(model), trusted=TRUSTED)


@pytest.mark.parametrize("copy", [by_pickle, by_joblib, by_skops])
@each_estimator
def test_round_trip(name, copy, fitted):
    model = fitted(name)
    again = copy(model)
    X, _ = frame_for(model)
    assert_same_outputs(model, again, X)
    assert list(again.feature_names_in_) == list(X.columns)
    assert repr(again.get_params()) == repr(model.get_params())
    assert vars(again).keys() == vars(model).keys()


@each_estimator
def test_another_version_that_wrote_a_pickle_is_told(name, fitted, monkeypatch):
    model = fitted(name)
    monkeypatch.setattr(skprune, "__version__", "0.0.7")
    written = pickle.dumps(model)
    monkeypatch.undo()
    message = rf"{name.rpartition('.')[2]} from version 0\.0\.7 when using version"
    with warnings.catch_warnings(record=True) as caught:  # (of its parts, too)
        warnings.simplefilter("always")
        again = pickle.loads(written)
    told = [warning for warning in caught if re.search(message, str(warning.message))]
    assert {warning.filename for warning in told} == {__file__}
    assert {warning.category for warning in told} == {InconsistentVersionWarning}
    X, _ = frame_for(model)
    assert_same_outputs(model, again, X)
    assert vars(again).keys() == vars(model).keys()


@each_estimator
def test_what_came_back_can_be_fitted_again(name, fitted):
    model = fitted(name)
    X, y = frame_for(model)
    assert_same_outputs(model, clone(by_skops(model)).fit(X, y), X)


@each_estimator
def test_the_documented_types_are_all_that_skops_asks_about(name, fitted):
    unknown = skops.io.get_untrusted_types(data=skops.io.dumps(fitted(name)))
    missing = sorted(set(unknown) - set(TRUSTED))
    assert not missing, "add these lines to doc/guide/trusted_types.txt"


@pytest.mark.parametrize("type_name", TRUSTED)
def test_documented_types_exist(type_name):
    module, _, name = type_name.rpartition(".")
    assert module.startswith("skprune.") or type_name.startswith("sklearn.")
    assert isinstance(getattr(import_module(module), name), type)


@pytest.mark.parametrize(
    "penalty",
    ["weight_elimination", "flat_minimum", skprune.FlatMinimum(), skprune.WeightElimination()],
)
def test_penalised_networks(penalty):
    model = skprune.PenalizedMLPClassifier((3,), penalty=penalty, max_iter=30, random_state=0)
    X, y = frame_for(model)
    assert_same_outputs(model.fit(X, y), by_skops(model), X)


@pytest.mark.parametrize(
    "options",
    [
        {"criterion": "obs-obd"},
        {"criterion": skprune.ModifiedOBS()},
        {"criterion": skprune.OBS(curvature="low_rank")},
        {"criterion": skprune.OBS(curvature="block")},
        {"criterion": skprune.OBD()},
        {"criterion": skprune.Magnitude()},
        {"feature_groups": skprune.FeatureGroups([[0, 2], [1, 3]]), "granularity": "input"},
        {"granularity": "unit", "n_init": 2},
    ],
    ids=str,
)
def test_options_that_hold_objects(options):
    model = quick("skprune.OBSMLPClassifier").set_params(**options)
    X, y = frame_for(model)
    assert_same_outputs(model.fit(X, y), by_skops(model), X)


@pytest.mark.parametrize("name", [name for name in PUBLIC_ESTIMATORS if "OBSMLP" in name])
def test_exported_networks_need_nothing_of_skprune(name, fitted):
    mlp = fitted(name).to_mlp()
    unknown = skops.io.get_untrusted_types(data=skops.io.dumps(mlp))
    assert not any(type_name.startswith("skprune.") for type_name in unknown)
    assert set(unknown) <= set(TRUSTED)
    X, _ = frame_for(mlp)
    assert_same_outputs(mlp, by_skops(mlp), X)
