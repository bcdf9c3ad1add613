"""
Which features does a linear-programming perceptron need?
=========================================================

A perceptron whose weights solve a linear program has the least sum of absolute weights of all that
meet the targets, and a vertex of the program has few weights that are not zero. This example
follows it from the logical AND, to the margin it draws in the plane, to the choice of features
as the cost of violations grows.
"""

import matplotlib.pyplot as plt
import numpy as np

from skprune import LPPerceptronClassifier, LPPerceptronClassifierCV, lp_perceptron_path

# %%
# The logical AND
# ---------------
# With infinite C all targets are met where that is possible. Three patterns are exactly at their
# targets, the fourth is beyond it: the unit truncates its net input of -3 to -1.

X_and = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
clf = LPPerceptronClassifier(C=np.inf).fit(X_and, [0, 0, 0, 1])
print("W =", clf.coef_[0].round(6), " U =", clf.intercept_.round(6))
print("cost =", round(clf.objective_, 6), " truncation =", clf.truncation_.round(6))

# %%
# The margin
# ----------
# Two overlapping clouds. Points inside the margin or on the wrong side are short of their targets
# (large dots show by how much); at most three points lie exactly on the margin, one for each
# non-zero weight.

rng = np.random.default_rng(0)
y = np.repeat([0, 1], 60)
X = rng.standard_normal((120, 2)) + np.where(y[:, None] == 1, [1.4, 0.8], [-1.4, -0.8])

fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
grid = np.stack(np.meshgrid(np.linspace(-4.5, 4.5, 200), np.linspace(-4, 4, 200)), axis=-1)
for ax, C in zip(axes, (0.02, 1.0)):
    clf = LPPerceptronClassifier(C).fit(X, y)
    net = clf.decision_function(grid.reshape(-1, 2)).reshape(200, 200)
    ax.contourf(grid[..., 0], grid[..., 1], np.clip(net, -1, 1), levels=20, cmap="RdBu", alpha=0.5)
    ax.contour(
        grid[..., 0], grid[..., 1], net, levels=[-1, 0, 1], colors="k", linestyles=[":", "-", ":"]
    )
    ax.scatter(*X.T, c=y, s=12 + 60 * clf.slack_, cmap="RdBu", edgecolor="k", linewidth=0.5)
    ax.set(title=f"C = {C:g}: weights {clf.coef_[0].round(2)}", xlabel="$x_1$")
axes[0].set_ylabel("$x_2$")
fig.tight_layout()

# %%
# The path
# --------
# Of forty features five decide. From the smallest C with a weight on, features enter one by one;
# cross-validation finds where the noise starts to enter.

rng = np.random.default_rng(1)
X = rng.standard_normal((200, 40))
weights = np.concatenate([[2.0, -1.5, 1.5, 1.0, -1.0], np.zeros(35)])
y = (X @ weights + rng.standard_normal(200) > 0).astype(int)

Cs, coefs, _, gaps = lp_perceptron_path(X, y, Cs=30)
best = LPPerceptronClassifierCV(Cs=Cs, selection="one_se").fit(X, y)
chosen = np.flatnonzero(best.coef_[0])
print(f"largest duality gap of the path: {gaps.max():.1e}")
print(f"C = {best.C_:.3g} keeps the features {chosen.tolist()}")

fig, (ax, below) = plt.subplots(2, 1, figsize=(7, 6), sharex=True)
ax.plot(Cs, coefs[5:].T, color="0.8", linewidth=0.8)
ax.plot(Cs, coefs[:5].T, label=[f"$w_{i}$" for i in range(5)])
ax.set(xscale="log", ylabel="weight", title="Weights along the path (noise in grey)")
ax.legend(ncols=5, fontsize="small")
mean = best.scores_.mean(axis=0)
error = best.scores_.std(axis=0, ddof=1) / np.sqrt(len(best.scores_))
below.fill_between(Cs, mean - error, mean + error, alpha=0.2)
below.plot(Cs, mean)
below.axvline(best.C_, color="k", linestyle=":")
below.set(xlabel="C", ylabel="accuracy, held out")
fig.tight_layout()
plt.show()
