"""
=======================================
What is left of a network that is flat?
=======================================

The class is the sign of the first of two inputs, but five labels of a hundred are wrong and the
inputs are noisy (:term:`HS97`, experiment 1). A network trained to a minimum fits the noise; one
that is trained towards simplicity should be left with little more than the first input. How far is
each from the Bayes rule, the best that can be done? And is it the search for flatness that brings
it there, or the deletion of weights at its end?
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV

from skprune import FlatMinimum, OBSMLPClassifier, PenalizedMLPClassifier
from skprune.datasets import make_noisy_classification

# %%
# Two runs of each
# ----------------
#
# The error is counted in percentage points above the Bayes rule's, on the same new points for all.

X_test, y_test = make_noisy_classification(120_000, random_state=0)
bayes = np.mean(y_test != (X_test[:, 0] > 0))


def ten_units(**params):
    return PenalizedMLPClassifier((10,), direct_links=False, max_iter=1000, **params)


def after_deletion(network, X, y):
    """The same deletion: a search that goes on from a network, and ends after one epoch."""
    with warnings.catch_warnings():
        # A network that strong decay has made simple need not reach the loss that is aimed at.
        warnings.simplefilter("ignore", ConvergenceWarning)
        search = PenalizedMLPClassifier(
            penalty="flat_minimum", estimator=FrozenEstimator(network), max_iter=1
        )
        return search.fit(X, y)


decays = {"alpha": np.logspace(-2, 2, 9)}
methods = {
    "no penalty": ten_units(penalty=None),
    "decay by folds": GridSearchCV(ten_units(), decays, scoring="neg_log_loss"),
    "flat, no deletion": ten_units(penalty=FlatMinimum(prune=False)),
    "flat minimum": ten_units(penalty="flat_minimum"),
    "OBS, by default": OBSMLPClassifier(),
}
models = {}
print(f"{'':30}run 1   run 2   (points above {100 * bayes:.2f} %)")
for run in (1, 2):
    X, y = make_noisy_classification(random_state=run)
    for name, method in methods.items():
        seeds = {key: run for key in method.get_params() if key.endswith("random_state")}
        fitted = clone(method).set_params(**seeds).fit(X, y)
        fitted = getattr(fitted, "best_estimator_", fitted)
        models[name, run] = fitted
        if name in ("no penalty", "decay by folds"):
            models[f"{name}, same deletion", run] = after_deletion(fitted, X, y)
for name in dict.fromkeys(name for name, _ in models):
    errors = [1.0 - models[name, run].score(X_test, y_test) for run in (1, 2)]
    excess = 100 * (np.array(errors) - bayes)
    print(f"{name:30}{excess[0]:5.2f}   {excess[1]:5.2f}")

# %%
# The weights
# -----------
#
# Dark: a large weight; white: none. The columns of the first picture are the ten hidden units.

fig, axes = plt.subplots(2, 2, figsize=(9, 3.5), layout="constrained")
for column, name in enumerate(["no penalty", "flat minimum"]):
    model = models[name, 2]
    rows = np.vstack([model.coefs_[0], model.intercepts_[0]])
    axes[0, column].imshow(np.abs(rows), cmap="Greys")
    axes[0, column].set(title=name, xticks=[], yticks=range(3), yticklabels=["x1", "x2", "bias"])
    axes[1, column].imshow(np.abs(model.coefs_[1].T), cmap="Greys")
    axes[1, column].set(xticks=range(10), xlabel="hidden unit", yticks=[0], yticklabels=["output"])
plt.show()

# %%
# What was learnt
# ---------------
#
# The search has left one hidden unit with one input and no bias: its decision is the Bayes rule's.
# But the same deletion after weight decay, or after no penalty at all, ends there as well. What
# helps is that weights go which are not worth their description.
