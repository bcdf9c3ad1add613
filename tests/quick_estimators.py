"""Every public estimator, small and quick to fit, with data of its kind."""

import inspect

import numpy as np
import pandas as pd
from public_api import PUBLIC_ESTIMATORS
from sklearn.base import is_classifier, is_outlier_detector
from sklearn.datasets import load_iris

import skprune


def quick(name):
    """An estimator with defaults, but for what makes it quick and deterministic."""
    cls = PUBLIC_ESTIMATORS[name]
    known = inspect.signature(cls).parameters
    settings = {"random_state": 0, "cv": 2}
    if "OBSMLP" in name:
        kind = "Classifier" if "Classifier" in name else "Regressor"
        network = getattr(skprune, f"PenalizedMLP{kind}")
        settings["estimator"] = network((3,), random_state=0)
    return cls(**{key: value for key, value in settings.items() if key in known})


def frame_for(estimator):
    """A data frame of 50 flowers, and their species, or a curve that is quick to learn."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    X = ((X - X.mean()) / X.std()).iloc[::3].reset_index(drop=True)
    if is_classifier(estimator) or is_outlier_detector(estimator):
        return X, y.iloc[::3].to_numpy()
    return X.iloc[:, :3], np.tanh(X.iloc[:, :3].sum(axis=1)).to_numpy()


def outputs(estimator, X):
    """All that a fitted estimator computes from patterns, by the method's name."""
    methods = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
    usable = [method for method in methods if hasattr(estimator, method)]
    return {method: np.asarray(getattr(estimator, method)(X)) for method in usable}


def assert_same_outputs(one, other, X):
    """Two fitted estimators compute the same, bit for bit."""
    expected, found = outputs(one, X), outputs(other, X)
    assert expected.keys() == found.keys()
    assert expected
    for method, values in expected.items():
        np.testing.assert_array_equal(found[method], values, err_msg=method)


def columns(X):
    """A pandas data frame as a dict of lists, for other kinds of frames."""
    return {name: values.tolist() for name, values in pd.DataFrame(X).items()}
