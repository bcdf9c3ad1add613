"""
====================================================
Does a mixture's transform make a good hidden layer?
====================================================

A radial basis function network has localised receptive fields in place of sigmoid units. Here the
fields are the components of a :class:`~skprune.SplittingGaussianMixture`, placed and counted
without looking at the classes, and a logistic regression reads their responsibilities. Beside it
stands an MLP with as many hidden units, on the same data.
"""

# %%
# The networks
# ------------
# A circle and an annulus close around it are the classes. The number of fields is chosen by BIC, or
# by the log-likelihood of held-out points; each is compared with an MLP of that many hidden units.

from time import perf_counter

import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from skprune import SplittingGaussianMixture
from skprune.datasets import make_annulus

X, y = make_annulus(1000, inner_radius=1.1, random_state=0)
X_test, y_test = make_annulus(5000, inner_radius=1.1, random_state=1)


def report(name, network):
    """Fit, and print what it costs and gives."""
    start = perf_counter()
    network.fit(X, y)
    seconds = perf_counter() - start
    print(f"{name:28s} test accuracy {network.score(X_test, y_test):.3f}, {seconds:6.2f} s")
    return network


networks = {}
for stopping in ("bic", "validation"):
    mixture = SplittingGaussianMixture(stopping=stopping, random_state=0)
    rbf = make_pipeline(mixture, LogisticRegression(C=100)).fit(X, y)
    n_units = rbf[0].n_components_
    mlp = MLPClassifier(
        (n_units,), activation="tanh", solver="lbfgs", max_iter=2000, random_state=0
    )
    for name, network in ((f"{n_units} fields ({stopping})", rbf), (f"MLP, {n_units} units", mlp)):
        networks[name] = report(name, network)

# %%
# Their decisions
# ---------------
# The fields' responsibilities sum to one everywhere, so beyond the data the nearest fields decide.

fig, axes = plt.subplots(2, 2, figsize=(8, 7.6), layout="constrained")
for ax, (name, network) in zip(axes.flat, networks.items()):
    DecisionBoundaryDisplay.from_estimator(
        network,
        X,
        eps=1.0,
        response_method="predict_proba",
        class_of_interest=1,
        plot_method="pcolormesh",
        cmap="RdBu",
        vmin=0,
        vmax=1,
        alpha=0.5,
        ax=ax,
    )
    ax.scatter(*X.T, s=3, c=y, cmap="RdBu", vmin=-0.3, vmax=1.3)
    ax.set(title=name, aspect="equal")
plt.show()

# %%
# What was learnt: the fields need no target, and a linear model on them does the rest. BIC stops at
# what the density is worth, which can be too coarse for a border that it does not know; held-out
# likelihood asks for more fields, and then the network of fields equals the MLP, whose training
# has to be told the size.
