"""
=================================================
How few digits and weights does a network need?
=================================================

A network that is to be read should have few weights, and these few digits. Pruning sees to the
first; then :meth:`~skprune.OBSMLPClassifier.swap_weights` looks for better weights to keep, and
:meth:`~skprune.OBSMLPClassifier.round_weights` rounds one weight after the other while those that
are still free make up for it.
"""

import copy

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.inspection import export_c, export_text

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=1 / 3, random_state=0, stratify=y
)
mean, std = X_train.mean(), X_train.std()
X_train, X_test = (X_train - mean) / std, (X_test - mean) / std

# %%
# Few weights
# -----------
#
# Ten of the 191 weights are kept. Pruning never takes a deletion back; swaps do.

network = PenalizedMLPClassifier((5,), alpha=0.1, random_state=0)
pruned = OBSMLPClassifier(network, n_weights=10, random_state=0).fit(X_train, y_train)
swapped = pruned.swap_weights(X_train, y_train)
print(f"training loss at {pruned.n_weights_} weights: {pruned.loss_:.4f}")
print(f"after {swapped.n_swaps_} swaps: {swapped.loss_:.4f}")

# %%
# Few digits
# ----------
#
# With ``threshold=None`` all weights are rounded, whatever that costs. Beside it: each weight
# at its nearest value.


def loss(model, X, y):
    return log_loss(y, model.predict_proba(X))


def nearest(model, decimals):
    plain = copy.copy(model)
    plain.coefs_ = [coef.round(decimals) for coef in model.coefs_]
    plain.intercepts_ = [intercept.round(decimals) for intercept in model.intercepts_]
    return plain


digits = [2, 1, 0]
rounded = [swapped.round_weights(X_train, y_train, decimals=d, threshold=None) for d in digits]
fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
plain = [loss(nearest(swapped, d), X_train, y_train) for d in digits]
compensated = [loss(model, X_train, y_train) for model in rounded]
ax.plot(digits, plain, "o-", color="gray", label="nearest value")
ax.plot(digits, compensated, "o-", label="round_weights")
ax.axhline(loss(swapped, X_train, y_train), color="black", ls=":", label="all digits")
ax.set(xlabel="decimals", ylabel="training log-loss", xticks=digits)
ax.invert_xaxis()
ax.legend()

# %%
# Read it, export it
# ------------------
#
# With whole numbers the network is a few lines, in C as well.

final = rounded[-1]
names = ["malignant", "benign"]
print(export_text(final, decimals=0, class_names=names))
print(f"accuracy on new samples: {final.score(X_test, y_test):.3f}", end=", ")
print(f"with all digits and weights: {final.estimator_.score(X_test.to_numpy(), y_test):.3f}")
source = export_c(final, class_names=names)
print(source)
plt.show()

# %%
# What was learnt: ten weights, all of them whole numbers, classify the tumours that the network has
# not seen as well as the 191 weights they come from, and fit into a C function of five lines.
