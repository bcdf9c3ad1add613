"""What a fitted estimator is made of: its steps, the model at its end, and what its target went
through."""

from dataclasses import dataclass

from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


@dataclass(frozen=True)
class Opened:
    """A fitted estimator, opened up.

    Attributes
    ----------
    steps : list of estimator
        Fitted transformers, in the order in which raw columns go through them.
    final : estimator
        The fitted model at the end.
    targets : list of estimator
        Fitted transformers of the target, in the order in which predictions go back through them.
    feature_names : list of str or None
        Names of the raw columns, where they were seen in `fit`.
    n_features : int or None
        Number of raw columns, where the estimator tells it.
    """

    steps: list
    final: object
    targets: list
    feature_names: list | None
    n_features: int | None


def open_up(estimator):
    """Open pipelines, searches, frozen estimators and regressors of transformed targets.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    """
    check_is_fitted(estimator)
    outer, steps, targets = estimator, [], []
    names, n_features = None, None
    while True:
        if names is None and not steps:
            names = getattr(estimator, "feature_names_in_", None)
        if n_features is None and not steps:
            n_features = getattr(estimator, "n_features_in_", None)
        if isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif isinstance(estimator, TransformedTargetRegressor):
            targets.insert(0, estimator.transformer_)
            estimator = estimator.regressor_
        elif isinstance(estimator, Pipeline):
            steps += [step for _, step in estimator.steps[:-1]]
            estimator = estimator[-1]
        elif not hasattr(estimator, "coefs_") and hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_  # of a search
        else:
            break
    if estimator is not outer:
        check_is_fitted(estimator)
    names = None if names is None else [str(name) for name in names]
    return Opened(steps, estimator, targets, names, n_features)
