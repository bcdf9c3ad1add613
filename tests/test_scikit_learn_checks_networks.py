"""scikit-learn's own checks on the network estimators, each criterion and granularity."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skprune import (
    OBS,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)

# A path of deletions, or of steps towards a network that interpolates, amplifies the rounding by
# which repeated and weighted samples differ; tests/test_pruning_estimators.py compares them where
# the path is well conditioned.
WEIGHTED_PATHS = dict.fromkeys(
    (
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ),
    "rounding in the sums over samples is amplified along the path",
)
# The check looks for a sparse `coef_`; networks have a list `coefs_`, and a `coef_` beside it would
# mislead SelectFromModel and RFE. tests/test_pruning_estimators.py has the same check on `coefs_`.
SPARSE_LISTS = {"check_sparsify_coefficients": "networks have coefs_, a list, and no coef_"}


def estimators():
    small = {"max_iter": 50}
    for pruned, plain in (
        (OBSMLPClassifier, PenalizedMLPClassifier),
        (OBSMLPRegressor, PenalizedMLPRegressor),
    ):
        yield plain((3,), **small)
        for criterion in ("obs", "obd", "magnitude"):
            for granularity in ("weight", "unit", "input"):
                yield pruned(plain((3,), **small), criterion=criterion, granularity=granularity)
        yield pruned(
            plain((3,), **small), criterion=OBS(linearize=3), retrain="always", n_weights=0.8
        )
        yield pruned(plain((3,), **small), criterion=OBS(curvature="recursion"))
        yield pruned(plain((3,), **small), criterion=OBS(curvature="hessian"))
    yield OBSMLPClassifier(PenalizedMLPClassifier((3,), **small), stopping="fpe", retrain="never")
    yield OBSMLPRegressor(
        PenalizedMLPRegressor((3,), **small), stopping="validation", retrain="never"
    )
    yield OBSMLPClassifier(MLPClassifier((5,), solver="lbfgs", max_iter=100))
    yield OBSMLPRegressor(MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=100))
    yield OBSMLPClassifier(PenalizedMLPClassifier((3,), loss="squared_error", **small))
    yield OBSMLPClassifier(PenalizedMLPClassifier((3,), **small), n_init=2)


def expected_failures(estimator):
    if isinstance(estimator, PenalizedMLPClassifier):
        return SPARSE_LISTS
    return WEIGHTED_PATHS | SPARSE_LISTS


@parametrize_with_checks(
    list(estimators()), expected_failed_checks=expected_failures, xfail_strict=False
)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)
