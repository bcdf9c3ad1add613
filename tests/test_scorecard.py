"""Points that add up to what a linear classifier says, within the stated error."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.inspection import export_scorecard


def table(n=400):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "job": rng.choice(["clerk", "miner", "nurse"], n),
            "age": rng.integers(18, 80, n).astype(float),
            "owner": rng.random(n) < 0.5,
        }
    ).astype({"job": object})
    z = 1.5 * (X.job == "miner") - 0.05 * (X.age - 45) + X.owner
    return X, np.where(z + rng.logistic(size=n) > 0, "late", "paid")


def fitted(encoder):
    X, y = table()
    X.loc[::9, "age"] = np.nan
    bins = make_pipeline(SimpleImputer(), KBinsDiscretizer(4, strategy="uniform"))
    steps = make_column_transformer((encoder, ["job", "owner"]), (bins, ["age"]))
    network = OBSMLPClassifier(PenalizedMLPClassifier((), alpha=0.5), random_state=0)
    return make_pipeline(steps, network).fit(X, y), X


@pytest.mark.parametrize("max_points", [1, 3, 10, 100])
@pytest.mark.parametrize(
    "encoder", [OneHotEncoder(), make_pipeline(OrdinalEncoder(), StandardScaler())]
)
def test_points_are_off_by_the_stated_error_at_most(encoder, max_points):
    model, X = fitted(encoder)
    card = export_scorecard(model, X, max_points=max_points)
    exact = logit(model.predict_proba(X)[:, 1])
    found = logit(card.probability(card.total(X)))
    error = np.abs(found - exact).max()
    assert error <= card.max_error_ + 1e-9
    assert max(p for values in card.points_.values() for p in values.values()) <= max_points
    assert all(min(values.values()) == 0 for values in card.points_.values())
    sure = np.abs(exact) > card.max_error_ + 1e-9
    assert (card.predict(X)[sure] == model.predict(X)[sure]).all()
    if max_points == 100:
        assert error < 0.1 and sure.mean() > 0.8


def test_the_error_is_reached_by_some_combination():
    """It is the smallest bound there is: by brute force over all patterns."""
    model, X = fitted(OneHotEncoder())
    card = export_scorecard(model, X, max_points=4)
    subject = card.subject
    codes = subject.domain()
    tables = [np.array(list(values.values())) for values in card.points_.values()]
    totals = sum(t[c] for t, c in zip(tables, codes.T))
    exact = logit(subject.estimator.predict_proba(subject.inputs(codes))[:, 1])
    errors = card.unit_ * totals + card.offset_ - exact
    assert np.abs(errors).max() == pytest.approx(card.max_error_)
    assert errors.max() == pytest.approx(-errors.min())


def test_card_in_words():
    model, X = fitted(OneHotEncoder())
    card = export_scorecard(model, X)
    frame = card.to_frame()
    assert frame.attribute.unique().tolist() == ["job", "age", "owner"]
    points = frame.set_index(["attribute", "value"]).points
    assert points["job", "miner"] == 0 < points["job", "clerk"]
    text = str(card)
    assert text.splitlines()[0] == "job" and "probability of paid by the sum of points: 0: " in text
    assert any(value.startswith("[") or value.startswith("(-inf") for value in card.points_["age"])


def test_a_constant_classifier_has_no_points():
    model, X = fitted(OneHotEncoder())
    model[-1].coef_masks_[0][...] = False
    card = export_scorecard(model, X)
    assert card.points_ == {} and card.max_error_ == 0.0
    assert len(set(card.predict(X))) == 1


def test_refusals():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 3)
    how = {"max_iter": 300, "solver": "lbfgs"}
    hidden = MLPClassifier((3,), **how).fit(X, X[:, 0] ^ X[:, 1])
    with pytest.raises(ValueError, match=r"no hidden units; this network has 2 classes.* 3 hidden"):
        export_scorecard(hidden, X)
    three = MLPClassifier((), **how).fit(X, X.sum(axis=1))
    with pytest.raises(ValueError, match=r"3 classes, 3 output units \(softmax\)"):
        export_scorecard(three, X)
    numbers = MLPRegressor(hidden_layer_sizes=(), **how).fit(X, X[:, 0])
    with pytest.raises(TypeError, match="MLPRegressor predicts numbers"):
        export_scorecard(numbers, X)
    many = np.arange(40.0)[:, None]
    with pytest.raises(ValueError, match="takes 40 different values"):
        export_scorecard(MLPClassifier((), **how).fit(many, many[:, 0] > 20), many)
