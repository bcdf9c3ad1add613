"""
=====================================================
How does a mixture grow that nobody told the size of?
=====================================================

A circle within an annulus, both uniform by area, is the mixture problem of WJ92 (figure 3): no
Gaussian fits either shape, the annulus surrounds the circle, and the first splits gain next to
nothing. :class:`~skprune.SplittingGaussianMixture` starts from one component and splits components
along the direction in which their observations scatter most.
"""

# %%
# Growing
# -------
# One call finds the number of components. ``history_`` holds every stage.

import matplotlib.pyplot as plt
from matplotlib.patches import Circle

from skprune import SplittingGaussianMixture
from skprune.datasets import make_annulus

X, y = make_annulus(3000, random_state=0)
mixture = SplittingGaussianMixture().fit(X)
for stage in mixture.history_:
    print(
        f"{stage['action']:9s} {stage['n_components']:3d} components,  "
        f"log-likelihood {stage['log_likelihood']:7.0f},  BIC {-2 * stage['objective']:6.0f}"
    )

# %%
# The stages
# ----------
# Each component is drawn at one standard deviation, as heavy as its weight. The first stages only
# cut the plane into sectors; then the components find the ring; growth overshoots; and merging
# leaves the components that pay for their parameters.


def draw(ax, stage, title):
    """Observations, and the components of a stage."""
    ax.scatter(*X.T, s=1, c="0.8")
    for weight, mean, variance in zip(stage["weights"], stage["means"], stage["covariances"]):
        width = 0.5 + 2 * weight / stage["weights"].max()
        ax.add_patch(Circle(mean, variance**0.5, fill=False, color="C0", lw=width))
    ax.set(title=title, aspect="equal", xticks=[], yticks=[], xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))


splits = [stage for stage in mixture.history_ if stage["action"] in ("start", "split")]
shown = [*splits[:7], mixture.history_[-1]]
fig, axes = plt.subplots(2, 4, figsize=(11, 5.8), layout="constrained")
for ax, stage in zip(axes.flat, shown):
    draw(ax, stage, f"{stage['action']}: {stage['n_components']} components")

# %%
# The path
# --------
# BIC over the number of components: up by splits, down by merges. The path down is the better one,
# because it starts from components in every part of the data.

fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
merges = [stage for stage in mixture.history_ if stage["action"] == "merge"]
for label, path in (("splits", splits), ("merges", [splits[-1], *merges])):
    sizes = [stage["n_components"] for stage in path]
    ax.plot(sizes, [-2 * stage["objective"] for stage in path], ".-", label=label)
ax.plot(mixture.n_components_, mixture.bic(X), "ko", label="chosen")
ax.set(xlabel="components", ylabel="BIC", xscale="log")
ax.legend()
plt.show()

# %%
# What was learnt: a mixture grows to a good size by itself when growth may go on past splits that
# do not pay (the first cuts through a ring never do), and when what does not pay in the end is
# merged again.
