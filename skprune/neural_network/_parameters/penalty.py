"""What the penalty objects share."""

from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints


class AdaptivePenalty(BaseEstimator):
    """What the two penalties share; a `BaseEstimator` for its parameters only."""

    _parameter_constraints: dict = {
        "target_loss": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "delta_lambda": [Interval(Real, 0, None, closed="neither")],
        "approach": [Interval(Real, 0, 1, closed="both")],
        "landing": [Interval(Real, 0, 1, closed="both")],
        "solver": [StrOptions({"lbfgs", "sgd"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, 1, closed="left")],
        "weight_bound": [Interval(Real, 0, None, closed="neither")],
        "revive_every": [Interval(Integral, 1, None, closed="left"), None],
        "revive_below": [Interval(Real, 0, None, closed="left")],
        "revive_range": [tuple],
        "prune": ["boolean"],
    }

    def _validate(self):
        """Raise an error that names the parameter with an invalid value."""
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
        sizes = self.revive_range
        are_numbers = len(sizes) == 2 and all(isinstance(size, Real) for size in sizes)
        if not (are_numbers and 0 <= sizes[0] <= sizes[1]):
            raise ValueError(
                f"revive_range must be a pair of sizes (low, high) with 0 <= low <= high, got "
                f"{sizes}."
            )
