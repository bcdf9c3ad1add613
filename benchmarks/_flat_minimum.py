"""What the two benchmarks of flat minimum search compare it with."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV

from skprune import PenalizedMLPClassifier, PenalizedMLPRegressor

ALPHAS = np.logspace(-2, 2, 9)


def decay_by_folds(network):
    """A search for the strength of weight decay by the held-out loss in five folds."""
    scoring = "neg_log_loss" if is_classifier(network) else "neg_mean_squared_error"
    return GridSearchCV(network.set_params(penalty="l2"), {"alpha": ALPHAS}, scoring=scoring)


def with_the_same_deletion(fitted):
    """The deletion that ends flat minimum search, of another fitted network.

    The search goes on from that network for one epoch, in which the penalty's strength is zero.
    """
    trainer = PenalizedMLPClassifier if is_classifier(fitted) else PenalizedMLPRegressor
    return trainer(
        penalty="flat_minimum",
        estimator=FrozenEstimator(fitted),
        loss=fitted.loss_function_,
        out_activation=fitted.out_activation_,
        max_iter=1,
        random_state=0,
    )
