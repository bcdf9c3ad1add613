"""What differs between scikit-learn 1.6 and 1.9, all of it: no other module asks for a version.

Callbacks (`sklearn.callback`) came with 1.9. Before, estimators run the same lines and nobody is
told of their tasks; `verbose` reports on the screen with every version.
"""

from collections import UserList
from contextlib import nullcontext

import numpy as np
from sklearn.neural_network import MLPRegressor
from sklearn.utils.validation import _check_sample_weight

from .ranges import check_total

__all__ = [
    "MLP_REGRESSOR_OUTPUTS",
    "CallbackSupportMixin",
    "check_sample_weight",
    "listed_columns",
    "with_callbacks",
]

# Losses of scikit-learn's MLPRegressor, and the activations of its outputs; counts came with 1.7.
MLP_REGRESSOR_OUTPUTS = {("squared_error", "identity")}
if "loss" in MLPRegressor().get_params():
    MLP_REGRESSOR_OUTPUTS.add(("poisson", "exp"))

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ModuleNotFoundError:

    class CallbackSupportMixin:
        """Gives an estimator tasks, for a scikit-learn that has no callbacks to report them to."""

        def _init_callback_context(self, **tasks):
            return _UnwatchedTask()

    def with_callbacks(method):
        """Return the method: there is nothing to tear down after it."""
        return method


class _UnwatchedTask:
    """A task of `fit`, and all that are part of it, without a callback."""

    def subcontext(self, *name_and_id, **more):
        return self

    def call_on_fit_task_begin(self, **data):
        return self

    def call_on_fit_task_end(self, **data):
        """Whether a callback asks to stop."""
        return False

    def propagate_callback_context(self, sub_estimator):
        return nullcontext()


def check_sample_weight(sample_weight, X):
    """Weights in float64, one a sample, none negative and not all zero."""
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weight.any():  # scikit-learn before 1.9 lets them pass
        raise ValueError("Sample weights must contain at least one non-zero number.")
    check_total(weight)
    return weight


def listed_columns(columns):
    """Columns of a ColumnTransformer's part as a list.

    (Those of the remainder are a list of scikit-learn's own in 1.6, which warns when it is read.)
    """
    return list(columns.data if isinstance(columns, UserList) else columns)
