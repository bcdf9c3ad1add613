"""scikit-learn's own checks on the network estimators, each criterion and granularity."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from versions import WEIGHTS_OF_MLPS, parametrize_with_checks

from skprune import (
    OBS,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    SplittingMLPRegressor,
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


# The check of several outputs draws negative targets, whatever `positive_only` says.
COUNTS = {"check_regressor_multioutput": "takes no notice of the tag positive_only"}

SMALL = {"hidden_layer_sizes": (3,), "alpha": 1e-3, "direct_links": False, "max_iter": 50}
KINDS = [
    PenalizedMLPClassifier(**SMALL),
    PenalizedMLPRegressor(**SMALL),
    PenalizedMLPRegressor(**SMALL | {"direct_links": True}),
    OBSMLPClassifier(MLPClassifier((5,), solver="lbfgs", max_iter=100)),
    OBSMLPRegressor(MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=100)),
]


def variants():
    """Criteria, granularities and what else changes the way of a fit."""
    for pruned, plain in (
        (OBSMLPClassifier, PenalizedMLPClassifier),
        (OBSMLPRegressor, PenalizedMLPRegressor),
    ):
        for criterion in ("obs", "obd", "magnitude"):
            for granularity in ("weight", "unit", "input"):
                yield pruned(plain(**SMALL), criterion=criterion, granularity=granularity)
        criterion = OBS(linearize=3)
        yield pruned(plain(**SMALL), criterion=criterion, retrain="always", n_weights=0.8)
        yield pruned(plain(**SMALL | {"direct_links": True}))
    for curvature in ("recursion", "hessian"):
        criterion = OBS(curvature=curvature)
        yield OBSMLPClassifier(PenalizedMLPClassifier(**SMALL), criterion=criterion)
    yield OBSMLPClassifier(PenalizedMLPClassifier(**SMALL), stopping="fpe", retrain="never")
    yield OBSMLPRegressor(PenalizedMLPRegressor(**SMALL), stopping="validation", retrain="never")
    yield OBSMLPRegressor(PenalizedMLPRegressor(**SMALL), stopping="evidence", retrain="never")
    yield OBSMLPClassifier(PenalizedMLPClassifier(loss="squared_error", **SMALL))
    yield OBSMLPClassifier(PenalizedMLPClassifier(**SMALL), n_init=2)
    # What the tags must tell: targets that may not be negative, and inputs that may not be sparse.
    counting = PenalizedMLPRegressor(**SMALL | {"loss": "poisson"})
    noisy = PenalizedMLPRegressor(**SMALL | {"input_noise": 0.1})
    yield from (counting, noisy, OBSMLPRegressor(counting), OBSMLPRegressor(noisy))
    yield SplittingMLPRegressor(loss="poisson", max_hidden=2, max_iter=50)


def expected_failures(estimator):
    trainer = getattr(estimator, "estimator", None) or estimator
    counts = getattr(trainer, "loss", None) == "poisson"
    return other_expected_failures(estimator) | (COUNTS if counts else {})


def other_expected_failures(estimator):
    if isinstance(estimator, PenalizedMLPClassifier):
        return SPARSE_LISTS
    reasons = WEIGHTED_PATHS | SPARSE_LISTS
    trainer = getattr(estimator, "estimator", None)
    is_of_scikit_learn = isinstance(trainer, (MLPClassifier, MLPRegressor))
    return reasons | WEIGHTS_OF_MLPS if is_of_scikit_learn else reasons


@parametrize_with_checks(KINDS, expected_failed_checks=expected_failures, xfail_strict=False)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    list(variants()), expected_failed_checks=expected_failures, xfail_strict=False
)
def test_scikit_learn_checks_of_variants(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)
