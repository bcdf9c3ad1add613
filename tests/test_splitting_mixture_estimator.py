"""The splitting mixture as a scikit-learn estimator."""

import numpy as np
import pytest
from versions import parametrize_with_checks

from skprune import SplittingGaussianMixture


def expected_failed_checks(estimator):
    if estimator.stopping == "validation":
        return {
            "check_sample_weight_equivalence_on_dense_data": (
                "the held-out part is drawn by row, so repeating rows draws another one"
            )
        }
    return {}


# Some checks fit fewer samples than features, where the variance floor has to bind.
@pytest.mark.filterwarnings("ignore:.*raised to the floor:UserWarning")
@parametrize_with_checks(
    [SplittingGaussianMixture(covariance_type=c) for c in ("spherical", "diag", "tied", "full")]
    + [
        SplittingGaussianMixture(stopping=s)
        for s in ("aic", "evidence", "variance_ratio", "validation")
    ],
    expected_failed_checks=expected_failed_checks,
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("method", ["score", "bic", "aic"])
@pytest.mark.parametrize(
    "weight, message", [(-1.0, "Negative values"), (0.0, "at least one non-zero")]
)
def test_weights_of_scores_are_checked(method, weight, message):
    X = np.random.default_rng(0).normal(size=(20, 2))
    mixture = SplittingGaussianMixture().fit(X)
    with pytest.raises(ValueError, match=message):
        getattr(mixture, method)(X, sample_weight=np.full(20, weight))
    with pytest.raises(ValueError, match=r"inconsistent|shape"):
        getattr(mixture, method)(X, sample_weight=np.ones(3))


@pytest.mark.parametrize("covariance_type", ["spherical", "diag", "tied", "full"])
@pytest.mark.parametrize("scale", [1e-150, 1e-158, 1e-200])
def test_features_whose_squares_underflow_are_constant(covariance_type, scale):
    X = np.random.default_rng(0).normal(size=(40, 3)) * scale
    with pytest.warns(UserWarning, match="raised to the floor"):
        mixture = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert mixture.n_components_ == 1
    assert np.isfinite(mixture.score(X))
