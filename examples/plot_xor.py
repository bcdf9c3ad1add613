"""
Which weight should go first?
=============================

HS93 ask it of the smallest network that solves XOR: two inputs, two hidden units, one output, nine
weights with the biases. Each criterion deletes one weight of the same trained network. What is the
loss right after, and can training repair it?
"""

# %%
# One trained network
# -------------------
# Among a few starts the one with the lowest loss: with two hidden units many end in a local
# minimum.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator

from skprune import OBS, OBSMLPClassifier, PenalizedMLPClassifier
from skprune.datasets import make_xor
from skprune.inspection import HessianDisplay

X, y = make_xor()
starts = [
    PenalizedMLPClassifier(
        (2,), loss="squared_error", alpha=1e-3, direct_links=False, random_state=start
    ).fit(X, y)
    for start in range(20)
]
network = min(starts, key=lambda start: start.loss_)
print(f"trained: loss {network.loss_:.4f}, accuracy {network.score(X, y):.2f}")

# %%
# One deletion each
# -----------------
# ``OBS(linearize=1, first_order=False)`` is the algorithm of 1993; ``retrain="never"`` shows the
# network as the deletion leaves it, ``retrain="final"`` after training the eight survivors.
# Magnitude and OBD leave the other weights as they are; OBS moves them, so its loss right after
# depends on how far the quadratic model of the loss holds: with ``OBS(damping="auto")``, the
# default, skprune takes the damping for which the *actual* loss is lowest.

CRITERIA = {
    "magnitude": {"criterion": "magnitude"},
    "OBD": {"criterion": "obd"},
    "OBS (1993)": {"criterion": OBS(linearize=1, first_order=False, damping=1e-6)},
    "OBS": {},
}


def describe_weight(path):
    """Name of the first deleted weight."""
    layer, index = path["layer"][0], path["index"][0]
    n_inputs, n_units = network.coefs_[layer].shape
    source, unit = divmod(index, n_units)
    source = "bias" if source == n_inputs else f"{'xh'[layer]}{source}"
    return f"{source} -> {'hy'[layer]}{unit}"


def delete_one(settings, retrain):
    pruner = OBSMLPClassifier(
        FrozenEstimator(network), n_weights=8, teaching_signal="data", retrain=retrain, **settings
    )
    return pruner.fit(X, y)


print("criterion    deletes      loss after   after training   accuracy")
after, repaired = [], []
for name, settings in CRITERIA.items():
    pruned, trained = delete_one(settings, "never"), delete_one(settings, "final")
    after.append(pruned.loss_)
    repaired.append(trained.loss_)
    print(
        f"{name:11}  {describe_weight(pruned.path_):11}  {pruned.loss_:10.4f}"
        f"   {trained.loss_:14.4f}   {trained.score(X, y):8.2f}"
    )

# %%
# The curvature behind it
# -----------------------
# Off the diagonal the Hessian is far from zero. OBD looks at its diagonal only, magnitude not at it
# at all: the weights that could take over for the deleted one are what they do not see.

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
HessianDisplay.from_estimator(network, X, y, ax=left)
places = np.arange(len(CRITERIA))
right.bar(places - 0.2, after, 0.4, label="right after the deletion")
right.bar(places + 0.2, repaired, 0.4, label="after training the survivors")
right.set_xticks(places, CRITERIA)
right.set_ylabel("loss")
right.legend()
plt.show()

# %%
# What was learnt: in this network every criterion finds a weight that training can do without, but
# only OBS leaves the network nearly right at once, as it moves the other eight weights in the same
# step. One network is an anecdote; ``benchmarks/bench_xor.py`` counts over a hundred of them, where
# OBD often deletes a weight that cannot be spared.
