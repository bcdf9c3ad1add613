"""
=======================================
What is left of a network that is flat?
=======================================

The class is the sign of the first of two inputs, but five labels of a hundred are wrong and the
inputs are noisy (:term:`HS97`, experiment 1). A network trained to a minimum fits the noise; one
that is trained towards simplicity should be left with little more than the first input. How far is
each from the Bayes rule, the best that can be done?
"""

import matplotlib.pyplot as plt
import numpy as np

from skprune import FlatMinimum, OBSMLPClassifier, PenalizedMLPClassifier, WeightElimination
from skprune.datasets import make_noisy_classification

# %%
# Two runs of each
# ----------------
#
# The error is counted in percentage points above the Bayes rule's, on the same new points for all.

X_test, y_test = make_noisy_classification(120_000, random_state=0)
bayes = np.mean(y_test != (X_test[:, 0] > 0))


def ten_units(**params):
    return PenalizedMLPClassifier((10,), alpha=1e-3, direct_links=False, max_iter=10_000, **params)


methods = {
    "no penalty": ten_units(),
    "weight elimination": ten_units(penalty=WeightElimination(prune=True)),
    "OBS, training loss": OBSMLPClassifier(ten_units(), threshold=0.01),
    "OBS, by default": OBSMLPClassifier(),
    "flat minimum": ten_units(penalty=FlatMinimum(prune="box")),
}
print(f"{'':20}run 1   run 2   (points above {100 * bayes:.2f} %)")
for name, method in methods.items():
    excess = []
    for run in (1, 2):
        X, y = make_noisy_classification(random_state=run)
        method.set_params(random_state=run).fit(X, y)
        excess.append(100 * (1.0 - method.score(X_test, y_test) - bayes))
    print(f"{name:20}{excess[0]:5.2f}   {excess[1]:5.2f}")

# %%
# The weights
# -----------
#
# Dark: a large weight; white: none. The columns of the first picture are the ten hidden units.

fig, axes = plt.subplots(2, 2, figsize=(9, 3.5), layout="constrained")
for column, name in enumerate(["no penalty", "flat minimum"]):
    model = methods[name]
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
# The network without a penalty uses all of its units for the wrong labels. OBS with a rule for the
# training loss deletes as much as that allows, but counts from a loss too low to begin with: noise
# stays. By default the network's weight decay comes from the evidence, so that there is
# little noise in it, and it is pruned towards its own outputs.
