"""The splitting mixture as a scikit-learn estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

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
