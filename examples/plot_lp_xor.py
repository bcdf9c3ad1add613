"""
How few units does XOR need?
============================

Ten random hidden units are rebuilt by linear programs, one for each unit: as a layered network, of
which two hidden units survive, and as a cascade, in which a unit also sees the units after it.
"""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator

from skprune import LPMLPClassifier

X = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
y = np.array([0, 1, 1, 0])


def report(name, network):
    """Print a network's units, costs and weights."""
    n_units = sum(coef.shape[1] for coef in network.coefs_)
    print(
        f"\n{name}: {n_units} units, cost {network.objective_:.6g}, {network.score(X, y):.0%} right"
    )
    for layer, (coef, intercept) in enumerate(zip(network.coefs_, network.intercepts_), 1):
        for weights, bias in zip(coef.T, intercept):
            print(f"  layer {layer}: weights {weights.round(4) + 0.0}, intercept {bias:.4g}")
    if hasattr(network, "lateral_coef_"):
        print("  weights from unit (column) to unit (row), the two outputs first:")
        print(network.lateral_coef_.round(4) + 0.0)


# %%
# From ten hidden units to two
# ----------------------------
# There are two outputs, one a class. Each hidden unit says on which patterns it is on; the programs
# of the outputs choose among the units, then each survivor finds its own smallest weights. One draw
# in two holds what OR and AND do, and nothing cheaper: a unit of weights (1, 1) for each.

draws = [LPMLPClassifier(n_hidden=10, random_state=seed).fit(X, y) for seed in range(40)]
found = Counter((len(net.hidden_units_[0]), round(net.objective_, 3)) for net in draws)
for (n_hidden, cost), count in sorted(found.items()):
    print(f"{count:2} of 40 draws: {n_hidden} hidden units, cost {cost:g}")

# %%
# A sum of absolute weights is not a number of units: where four units with weights of one half
# are among the ten, they cost the outputs less than two with weights of one, and more units stay.

layers = min(draws, key=lambda net: net.objective_)
report("Layers", layers)

# %%
# The cascade
# -----------
# Any network can be rebuilt, this one too. The second output is known to the first, which only has
# to turn it round; its cost falls from 3 to 1.

cascade = LPMLPClassifier(FrozenEstimator(layers), structure="cascade").fit(X, y)
report("Cascade", cascade)

# %%
# Both networks
# -------------
# Red weights are negative, blue ones positive; the numbers in the units are their intercepts.


def draw(ax, positions, intercepts, edges, title):
    """Draw units (name: position) and weighted edges (from, to, weight)."""
    for start, end, weight in edges:
        arrow = dict(arrowstyle="-|>", color="tab:blue" if weight > 0 else "tab:red")
        arrow.update(linewidth=2 * abs(weight), shrinkA=16, shrinkB=16)
        ax.annotate("", positions[end], positions[start], arrowprops=arrow)
    for name, (x, height) in positions.items():
        ax.scatter(x, height, s=900, color="white", edgecolor="k", zorder=3)
        label = f"{name}\n{intercepts[name]:+.2g}" if name in intercepts else name
        ax.text(x, height, label, ha="center", va="center", zorder=4)
    ax.set(title=title, xlim=(-0.6, 3.6), ylim=(-0.4, 2.6))
    ax.axis("off")


inputs, hidden, outputs = ["$x_1$", "$x_2$"], ["$h_1$", "$h_2$"], ["$y_1$", "$y_2$"]
fig, axes = plt.subplots(1, 2, figsize=(9, 4))

places = {name: (2 * (i % 2) + 0.5, i // 2) for i, name in enumerate(inputs + hidden + outputs)}
edges = [
    (start, end, weight)
    for coef, below, above in zip(layers.coefs_, (inputs, hidden), (hidden, outputs))
    for start, row in zip(below, coef)
    for end, weight in zip(above, row)
    if abs(weight) > 1e-9
]
biases = dict(zip(hidden + outputs, np.concatenate(layers.intercepts_)))
draw(axes[0], places, biases, edges, f"layers, cost {layers.objective_:.3g}")

units = outputs + hidden
places = {"$x_1$": (0.5, 0), "$x_2$": (2.5, 0), "$h_1$": (0.5, 1), "$h_2$": (2.5, 1)}
places |= {"$y_2$": (2.5, 2), "$y_1$": (0.5, 2)}
tables = [(inputs, cascade.coefs_[0].T), (units, cascade.lateral_coef_)]
edges = [
    (start, end, weight)
    for below, table in tables
    for end, row in zip(units, table)
    for start, weight in zip(below, row)
    if abs(weight) > 1e-9
]
biases = dict(zip(units, cascade.intercepts_[0]))
draw(axes[1], places, biases, edges, f"cascade, cost {cascade.objective_:.3g}")
fig.tight_layout()
plt.show()
