"""
From a trained network to one on a page
=======================================

An ``MLPClassifier`` was trained on a table of numbers and categories and works well. What does it
do? This example goes the whole way with one small table: prune the trained network, tune how much
pruning may cost, draw the result, read it as rules and as equations, and hand it on as a plain
scikit-learn network.
"""

# %%
# A table, and a pipeline for it
# ------------------------------
# Whether a loan is granted depends on three columns of five. One decision in fifty is a mistake.
# Rules speak of values, so the income is cut into three ranges; a number that is not to be read
# could as well be scaled.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from skprune import OBSMLPClassifier
from skprune.inspection import NetworkDisplay, export_rules, export_text

rng = np.random.default_rng(0)
n = 800
table = pd.DataFrame(
    {
        "income": rng.gamma(4.0, 800.0, n).round(),
        "age": rng.integers(20, 70, n),
        "home": rng.choice(["own", "rent"], n),
        "work": rng.choice(["state", "firm", "self"], n),
        "region": rng.choice(["north", "east", "south", "west"], n),
    }
)
rich = table["income"] > table["income"].quantile(2 / 3)
granted = (rich & (table["work"] != "self")) | (table["home"] == "own")
y = np.where(granted ^ (rng.uniform(size=n) < 0.02), "granted", "refused")
train, test, y_train, y_test = train_test_split(table, y, test_size=0.5, random_state=0, stratify=y)


def columns():
    """Income in three ranges, age scaled, categories one-hot."""
    ranges = KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf")
    return make_column_transformer(
        (ranges, ["income"]),
        (StandardScaler(), ["age"]),
        (OneHotEncoder(sparse_output=False), ["home", "work", "region"]),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


# %%
# The network that is there
# -------------------------

mlp = MLPClassifier((5,), activation="tanh", solver="lbfgs", alpha=0.5, max_iter=2000)
dense = make_pipeline(columns(), mlp.set_params(random_state=0)).fit(train, y_train)
n_dense = sum(w.size for w in (*dense[-1].coefs_, *dense[-1].intercepts_))
print(f"trained: {n_dense} weights, test accuracy {dense.score(test, y_test):.3f}")

# %%
# Prune it as it is
# -----------------
# ``FrozenEstimator`` says that the network is pruned as it stands. The original is not touched.

prepared = dense[:-1].transform(train)
frozen = OBSMLPClassifier(FrozenEstimator(dense[-1])).fit(prepared, y_train)
accuracy = frozen.score(dense[:-1].transform(test), y_test)
print(f"pruned:  {frozen.n_weights_} weights, test accuracy {accuracy:.3f}")

# %%
# How much may it cost?
# ---------------------
# ``max_divergence`` is how far the predictions may move from those of the trained network, as a
# share of what it is unsure of itself; by default a tenth. In a pipeline it is tuned like any
# parameter; of the values within one standard error of the best, the largest one leaves the
# smallest network.


def smallest_good(results):
    """The largest divergence whose score is within one standard error of the best."""
    mean, error = results["mean_test_score"], results["std_test_score"] / np.sqrt(5)
    best = mean.argmax()
    good = np.flatnonzero(mean >= mean[best] - error[best])
    return good[np.argmax(results["param_obsmlpclassifier__max_divergence"][good])]


pipeline = make_pipeline(columns(), OBSMLPClassifier(mlp, random_state=0))
search = GridSearchCV(
    pipeline,
    {"obsmlpclassifier__max_divergence": [0.03, 0.1, 0.3, 1.0, 3.0]},
    cv=5,
    refit=smallest_good,
).fit(train, y_train)
best = search.best_estimator_
print(search.best_params_)
print(f"tuned:   {best[-1].n_weights_} weights, test accuracy {best.score(test, y_test):.3f}")

# %%
# See it
# ------

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
NetworkDisplay.from_estimator(best, ax=ax)
plt.show()

# %%
# Read it
# -------
# The rules say what the network predicts, and on which share of samples that is right.

print(export_rules(best, test, y_test))

# %%
# The equations are the network itself:

print(export_text(best))

# %%
# Hand it on
# ----------
# A plain scikit-learn network with fewer units; nothing of skprune is needed to use it.

plain = best[-1].to_mlp()
inputs = best[:-1].transform(test)
same = (plain.predict(inputs) == best.predict(test)).all()
print(f"{type(plain).__name__}{plain.hidden_layer_sizes}, same predictions: {same}")

# %%
# What was learnt
# ---------------
# Most of the trained weights did nothing for the decision. What they leave behind names the three
# columns that matter, says what is done with them, and is as accurate as the whole. The default
# stays close to the trained network, and to what mistakes in the training data have taught it;
# cross-validation finds how much of that may go.
