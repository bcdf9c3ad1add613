"""
===============================
Which rule did a network learn?
===============================

The MONK's problems are logical rules about robots with six attributes, and a network learns them
from a part of all robots. Does it learn the rule? A trained network does not say, but a pruned one
is small enough to be asked: :func:`~skprune.inspection.export_rules` puts every robot that differs
in an attribute still in use to the network, and writes the answers in their shortest form.

The labels of the third problem are noisy, so a network must not learn them all. How much of the fit
pruning may give up is therefore chosen by cross-validation on the training robots, for all three
problems in the same way.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.datasets import load_monks
from skprune.inspection import NetworkDisplay, export_rules, export_text

HIDDEN_UNITS = {1: 3, 2: 2, 3: 2}  # HS93, table 1


# %%
# Train and prune
# ---------------
#
# The encoder turns each attribute into one column a value: ``a1_1``, ``a1_2``, ... Its names are
# all that the rules need to know about it. Of equally good thresholds the largest is taken, for it
# leaves the smallest network.


def learn(problem):
    X, y = load_monks(problem, return_X_y=True, as_frame=True)
    network = PenalizedMLPClassifier((HIDDEN_UNITS[problem],), alpha=1e-3, direct_links=False)
    pipeline = make_pipeline(OneHotEncoder(), OBSMLPClassifier(network, n_init=3, random_state=0))
    thresholds = {"obsmlpclassifier__threshold": [0.4, 0.1, 0.01]}
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    return GridSearchCV(pipeline, thresholds, cv=folds).fit(X, y)


# %%
# Read the rules
# --------------
#
# The fidelity is the share of robots for which rule and network agree, the accuracy is that of the
# rule on all 432 robots, most of which the network has never seen.

networks = {}
for problem in HIDDEN_UNITS:
    search = learn(problem)
    networks[problem] = search.best_estimator_
    X, y = load_monks(problem, subset="test", return_X_y=True, as_frame=True)
    rules = export_rules(networks[problem], X, y, class_names=["no MONK", "MONK"])
    threshold = search.best_params_["obsmlpclassifier__threshold"]
    print(f"MONK-{problem}: {networks[problem][-1].n_weights_} weights, threshold {threshold}")
    print(f"{rules}\n")

# %%
# See and check
# -------------
#
# The network behind the first rule, drawn and as equations:

NetworkDisplay.from_estimator(networks[1], class_names=["no MONK", "MONK"])
print(export_text(networks[1], class_names=["no MONK", "MONK"]))
plt.show()

# %%
# What was learnt: the rules of the first two problems come back word for word from networks that
# saw a third of the robots. The third network, which may not fit the noise, keeps the larger part
# of its problem's rule and gets 97.2 % of the robots right.
