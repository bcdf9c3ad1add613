"""
How many weights does a table need?
===================================

From scikit-learn's ``MLPClassifier`` to a small network of a size that the data chose: columns of
mixed type, a pipeline, cross-validation over the whole pruning path, and a plain ``MLPClassifier``
at the end.
"""

# %%
# A table of numbers and categories
# ---------------------------------
# Two of the four numbers and one of the two categories matter; one label in twenty is wrong.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skprune import OBSMLPClassifierCV

rng = np.random.default_rng(0)
n = 600
table = pd.DataFrame(
    {
        "age": rng.uniform(20, 80, n),
        "dose": rng.gamma(2.0, 5.0, n),
        "weight": rng.normal(75, 12, n),
        "height": rng.normal(172, 9, n),
        "clinic": rng.choice(["north", "east", "south"], n),
        "group": rng.choice(["a", "b"], n),
    }
)
risk = (table["age"] - 50) / 10 + np.where(table["group"] == "a", 1, -1) * (table["dose"] - 10) / 5
y = np.where((risk > 0) ^ (rng.uniform(size=n) < 0.05), "ill", "well")
train, test, y_train, y_test = train_test_split(table, y, test_size=0.5, random_state=0, stratify=y)


def columns():
    """Numbers scaled, categories one-hot."""
    return make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
        verbose_feature_names_out=False,
    )


# %%
# The network as it is
# --------------------

network = MLPClassifier((6,), activation="tanh", solver="lbfgs", alpha=1.0, max_iter=2000)
dense = make_pipeline(columns(), network.set_params(random_state=0)).fit(train, y_train)
print(f"unpruned: test accuracy {dense.score(test, y_test):.3f}")

# %%
# The size by cross-validation
# ----------------------------
# In each fold one training and one path give the score of every size: minus the loss on the samples
# held out. The smallest network within one standard error of the best, fold by fold, is trained and
# pruned on all of the training data.

pruned = make_pipeline(columns(), OBSMLPClassifierCV(network, random_state=0)).fit(train, y_train)
model = pruned[-1]
n_dense = sum(w.size for w in (*dense[-1].coefs_, *dense[-1].intercepts_))
print(f"{model.n_weights_} of {n_dense} weights: test accuracy {pruned.score(test, y_test):.3f}")
print("inputs in use:", *pruned[:-1].get_feature_names_out()[model.get_support()])

# %%
# The path
# --------

results = model.cv_results_
error = results["std_test_score"] / np.sqrt(model.n_splits_ - 1)
fig, ax = plt.subplots(layout="constrained")
ax.plot(results["n_weights"], results["mean_test_score"], label="mean of the folds")
ax.fill_between(
    results["n_weights"],
    results["mean_test_score"] - error,
    results["mean_test_score"] + error,
    alpha=0.2,
    label="one standard error",
)
ax.axvline(model.best_n_weights_, color="black", linestyle=":", label="chosen size")
ax.set(xlabel="weights", ylabel="minus the loss on held-out samples", title="Score along the path")
ax.legend(loc="lower right")
plt.show()

# %%
# A plain scikit-learn network
# ----------------------------
# Whatever knows ``MLPClassifier`` knows the result.

mlp = model.to_mlp()
same = mlp.predict(pruned[:-1].transform(test)) == pruned.predict(test)
print(f"{type(mlp).__name__}{mlp.hidden_layer_sizes}, same predictions: {same.all()}")

# %%
# What was learnt
# ---------------
# The held-out score stays level, or rises, over most of the path, and falls only where the
# network becomes too small for the rule. The choice needs no threshold, and costs one path a fold.
# The score at the chosen size is the best of many and so a little optimistic; the test samples,
# which the choice has not seen, tell what it is worth.
