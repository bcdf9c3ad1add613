"""
=====================================
From a table of loans to a C function
=====================================

Loans are granted or not by a table of words and numbers, some of them missing. A network is trained
and pruned behind the usual steps, and leaves Python as a whole: the function takes raw rows. The
same table, in bins, gives a card of points and a rule to be read. The loans are made up, so that
what there is to find is known: young applicants without savings, and long loans for cars, are late.
"""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.inspection import PartialDependenceDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.inspection import export_c, export_numpy, export_rules, export_scorecard, export_text

rng = np.random.default_rng(0)
n = 2000
loans = pd.DataFrame(
    {
        "age": rng.integers(19, 75, n).astype(float),
        "months": rng.integers(6, 60, n).astype(float),
        "amount": np.exp(rng.normal(8, 0.8, n)).round(),
        "savings": rng.choice(["none", "little", "much"], n, p=[0.6, 0.25, 0.15]),
        "purpose": rng.choice(["car", "furniture", "business", "repair"], n),
        "telephone": rng.choice(["yes", "no"], n),
    }
)
odds = (
    -2.2
    + 2.5 * ((loans.age < 30) & (loans.savings == "none"))
    + 2.0 * ((loans.months > 36) & (loans.purpose == "car"))
    - 1.0 * (loans.savings == "much")
)
late = np.where(rng.logistic(size=n) < odds, "late", "on time")
loans.loc[rng.random(n) < 0.1, "amount"] = np.nan
train, test, y_train, y_test = train_test_split(loans, late, random_state=0)

# %%
# Train and prune
# ---------------
#
# Numbers are imputed and scaled, words encoded. The pruned network uses few of the columns that
# come out of that.

numbers, words = ["age", "months", "amount"], ["savings", "purpose", "telephone"]


def steps():
    """Imputer, scaler and encoder."""
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers), (OneHotEncoder(), words)
    )


model = make_pipeline(steps(), OBSMLPClassifier(random_state=0)).fit(train, y_train)
plain = make_pipeline(steps(), LogisticRegression()).fit(train, y_train)
for name, fitted in (("pruned network", model), ("logistic regression", plain)):
    print(f"{name}: held-out log-loss {log_loss(y_test, fitted.predict_proba(test)):.3f}")
print(f"{model[-1].n_weights_} weights")

# %%
# Take it away
# ------------
#
# The C file is the whole pipeline. Its comment says which columns are read and how words are
# passed; scaling is folded into the weights. With ``dtype="int8"`` weights have eight bits.

source = export_c(model, name="loan", dtype="float")
print(source[source.index("/*") : source.index("*/") + 2])

# %%
# The same for NumPy, here asked for the raw test rows, and the equations in raw units.

module = {}
exec(export_numpy(model), module)
difference = np.abs(module["predict"](test)[:, 0] - model.predict_proba(test)[:, 1]).max()
print(f"largest difference of a probability: {difference:.1e}")
print(export_text(model, class_names=["late", "on time"]))

# %%
# What each column does, by scikit-learn's own display: the pipeline is an estimator like others.

display = PartialDependenceDisplay.from_estimator(
    model, train, ["age", "months", "savings", "purpose"], kind="average", n_cols=2,
    categorical_features=words, response_method="predict_proba", grid_resolution=30,
)  # fmt: skip
display.figure_.set_size_inches(8, 6)
display.figure_.tight_layout()

# %%
# Read it
# -------
#
# In bins, numbers can be told in words: a card of points from a linear network, and rules from one
# with hidden units, in the units of the table.

bins = KBinsDiscretizer(4, strategy="uniform")
in_words = make_column_transformer(
    (make_pipeline(SimpleImputer(), bins), ["age", "months"]), (OneHotEncoder(), words)
)
linear = OBSMLPClassifier(PenalizedMLPClassifier((), alpha=1.0), random_state=0)
card = export_scorecard(make_pipeline(in_words, linear).fit(train, y_train), train, max_points=6)
print(card)
print(f"accuracy {np.mean(card.predict(test) == y_test):.3f}")

# %%
# The rule keeps what most patterns need. Its fidelity is to the network, its accuracy to the loans.

small = OBSMLPClassifier(PenalizedMLPClassifier((3,), alpha=1.0), n_inputs=6, granularity="input",
                         random_state=0)  # fmt: skip
rules = export_rules(
    make_pipeline(in_words, small).fit(train, y_train), train, y_train, max_rules=3
)
print(rules)
print(f"held-out accuracy {rules.score(test, y_test):.3f}")
