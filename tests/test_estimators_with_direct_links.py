"""Direct links from training to export: every form of the network predicts the same."""

import pickle
import warnings

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.datasets import make_multilabel_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from test_export_source import COMPILER, compiled
from test_inspection_text import evaluate

from skprune import (
    OBS,
    LPMLPClassifier,
    LPPerceptronClassifier,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._fitted.reading import read_network
from skprune._network import activate
from skprune.inspection import (
    HessianDisplay,
    NetworkDisplay,
    export_c,
    export_numpy,
    export_rules,
    export_text,
    gate_sensitivity,
)

CLASSIFIER = {"alpha": 0.1, "direct_links": True, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    """A curve in one input on top of a plane in two; the fourth input says nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4))
    y = np.tanh(3 * X[:, 0]) + 0.7 * X[:, 1] - 0.5 * X[:, 2]
    return X, y + 0.05 * rng.normal(size=150)


@pytest.fixture(scope="module")
def dense(iris):
    return PenalizedMLPClassifier((3,), **CLASSIFIER).fit(*iris)


@pytest.fixture(scope="module")
def pruned(iris):
    return OBSMLPClassifier(PenalizedMLPClassifier((3,), **CLASSIFIER), n_weights=16).fit(*iris)


@pytest.fixture(scope="module")
def regressor(data):
    network = PenalizedMLPRegressor((3,), alpha=0.01, direct_links=True, random_state=0)
    return OBSMLPRegressor(network, n_weights=8).fit(*data)


def net_outputs(model, X):
    """Net inputs of the output units, from the public attributes alone."""
    value = X
    for coef, intercept, name in zip(model.coefs_, model.intercepts_, model.activations_):
        z = value @ coef + intercept
        value = activate(name, z)
    return z + X @ model.direct_coef_


def test_the_outputs_see_hidden_units_and_inputs(iris, data, dense, pruned, regressor):
    X = iris[0]
    for model in (dense, pruned):
        assert_allclose(model.predict_proba(X), softmax(net_outputs(model, X), axis=1), atol=1e-12)
    assert_allclose(regressor.predict(data[0]), net_outputs(regressor, data[0]).ravel())
    assert dense.direct_coef_.shape == (4, 3)


def test_training_ends_in_a_minimum(iris, dense):
    network, _, kept, alpha = read_network(dense)
    assert network.direct_links and alpha == 0.1 and len(kept) == network.n_weights
    parts = [*dense.coefs_, dense.direct_coef_]
    penalty = 0.05 * sum(np.square(part).sum() for part in parts) / len(iris[0])
    proba = dense.predict_proba(iris[0])
    loss = -np.log(proba[np.arange(150), iris[1]]).mean()
    assert dense.loss_ == pytest.approx(loss + penalty, rel=1e-6)


def test_strong_decay_of_hidden_weights_alone_leaves_the_linear_model(iris):
    """Direct links without hidden weights are logistic regression with the same decay."""
    X, y = iris
    network = PenalizedMLPClassifier((2,), tol=1e-7, max_iter=10000, **CLASSIFIER).fit(X, y)
    only_direct = OBSMLPClassifier(
        FrozenEstimator(network), granularity="unit", threshold=1.0, retrain="final"
    ).fit(X, y)
    assert only_direct.hidden_layer_sizes_ == (0,) and only_direct.direct_mask_.all()
    linear = LogisticRegression(C=1 / 0.1, tol=1e-10, max_iter=10000).fit(X, y)
    assert_allclose(only_direct.predict_proba(X), linear.predict_proba(X), atol=1e-3)
    mlp = only_direct.to_mlp(exact=True)
    assert mlp.hidden_layer_sizes == ()
    assert_allclose(mlp.predict_proba(X), only_direct.predict_proba(X), atol=1e-12)


def test_without_hidden_layers_the_links_are_the_coefficients(iris):
    model = PenalizedMLPClassifier((), **CLASSIFIER).fit(*iris)
    plain = PenalizedMLPClassifier((), alpha=0.1, random_state=0, direct_links=False).fit(*iris)
    assert model.direct_coef_ is None
    assert_array_equal(model.coefs_[0], plain.coefs_[0])


@pytest.mark.parametrize("granularity", ["weight", "unit", "input"])
@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
def test_pruning_leaves_what_its_masks_say(iris, dense, criterion, granularity):
    how = {"criterion": criterion, "granularity": granularity, "threshold": 0.1}
    model = OBSMLPClassifier(FrozenEstimator(dense), retrain="final", **how).fit(*iris)
    parts = [*model.coefs_, *model.intercepts_, model.direct_coef_]
    masks = [*model.coef_masks_, *model.intercept_masks_, model.direct_mask_]
    assert model.n_weights_ == sum(mask.sum() for mask in masks) < 39
    for part, mask in zip(parts, masks):
        assert not part[~mask].any()
    used = model.coef_masks_[0].any(axis=1) | model.direct_mask_.any(axis=1)
    assert_array_equal(model.get_support(), used)
    if granularity == "input":
        assert_array_equal(used, model.direct_mask_.all(axis=1))
    elif granularity == "unit":
        assert model.direct_mask_.all()
    X = iris[0].copy()
    X[:, ~used] = 7.0
    assert_array_equal(model.predict_proba(X), model.predict_proba(iris[0]))
    assert_allclose(
        model.predict_proba(iris[0]), softmax(net_outputs(model, iris[0]), axis=1), atol=1e-12
    )


@pytest.mark.parametrize("curvature", ["exact", "low_rank", "block"])
def test_each_form_of_curvature_prunes_direct_links(data, curvature):
    X, y = data
    network = PenalizedMLPRegressor((3,), alpha=0.01, direct_links=True, random_state=0)
    model = OBSMLPRegressor(network, n_weights=5, criterion=OBS(curvature=curvature)).fit(X, y)
    # Two links, a hidden unit's two weights, and the output bias, which is no candidate.
    assert model.n_weights_ == 5 and model.intercept_masks_[-1].all()
    assert model.score(X, y) > 0.98
    # The plane is in the direct links of its inputs, and the last input is gone.
    assert model.direct_mask_[1:3].all() and not model.get_support()[3]


def test_the_path_tells_direct_links_as_the_layer_after_the_last(iris, pruned):
    path = pruned.path_
    is_direct = path["layer"] == 2
    assert is_direct.any()
    deleted = np.zeros(12, dtype=bool)
    deleted[path["index"][is_direct]] = True
    assert_array_equal(~deleted.reshape(4, 3), pruned.direct_mask_)
    smaller = pruned.at_size(pruned.n_weights_ + 1)
    assert pruned.n_weights_ <= smaller.n_weights_ <= pruned.n_weights_ + 1
    assert_allclose(
        smaller.predict_proba(iris[0]), softmax(net_outputs(smaller, iris[0]), axis=1), atol=1e-12
    )
    with pytest.raises(ValueError, match="path"):
        pruned.at_size(1)


def test_sparse_storage_and_copies_predict_the_same(iris, pruned):
    X, expected = iris[0], pruned.predict_proba(iris[0])
    again = pickle.loads(pickle.dumps(pruned))
    assert sparse.issparse(again.sparsify().direct_coef_)
    assert_allclose(again.predict_proba(X), expected, atol=1e-14)
    assert_allclose(again.predict_proba(sparse.csr_matrix(X)), expected, atol=1e-14)
    for one, other in zip(read_network(again)[1:3], read_network(pruned)[1:3]):
        assert_array_equal(one, other)
    assert_array_equal(again.densify().direct_coef_, pruned.direct_coef_)
    data = skops.io.dumps(pruned)
    types = skops.io.get_untrusted_types(data=data)
    assert_array_equal(skops.io.loads(data, trusted=types).predict_proba(X), expected)


def test_a_network_in_a_network_out(iris, dense, pruned):
    """Frozen, trained on, pruned again, chosen by folds: direct links stay what they are."""
    X, y = iris
    same = OBSMLPClassifier(FrozenEstimator(pruned), n_weights=1.0, retrain="never").fit(X, y)
    assert_array_equal(same.direct_mask_, pruned.direct_mask_)
    assert_allclose(same.predict_proba(X), pruned.predict_proba(X), atol=1e-12)
    trained = PenalizedMLPClassifier(
        estimator=FrozenEstimator(pruned), alpha=0.01, direct_links=False
    ).fit(X, y)
    assert_array_equal(trained.direct_mask_, pruned.direct_mask_)
    assert not trained.direct_coef_[~pruned.direct_mask_].any()
    assert not np.array_equal(trained.direct_coef_, pruned.direct_coef_)
    network = PenalizedMLPClassifier((2,), **CLASSIFIER)
    chosen = OBSMLPClassifierCV(network, sizes=[8, 16], cv=2, random_state=0).fit(X, y)
    assert chosen.direct_mask_.sum() == chosen.direct_coef_.astype(bool).sum()
    assert_allclose(chosen.predict_proba(X), softmax(net_outputs(chosen, X), axis=1), atol=1e-12)
    model = PenalizedMLPClassifier((3,), **CLASSIFIER)
    model.set_params(estimator=FrozenEstimator(pruned)).fit(X, y)
    assert not hasattr(model.set_params(estimator=None).fit(X, y), "direct_mask_")
    assert model.set_params(direct_links=False).fit(X, y).direct_coef_ is None


def test_other_shapes_are_refused(pruned):
    other = pickle.loads(pickle.dumps(pruned))
    other.direct_coef_ = other.direct_coef_.T
    with pytest.raises(ValueError, match=r"direct_coef_ of OBSMLPClassifier has the shape \(3,"):
        read_network(other)
    other.direct_coef_ = np.full((4, 3), np.nan)
    with pytest.raises(ValueError, match="not finite"):
        read_network(other)


@pytest.mark.parametrize("penalty", ["weight_elimination", "flat_minimum"])
def test_penalties_that_adapt_their_strength_count_direct_links(data, penalty):
    how = {"penalty": penalty, "direct_links": True, "max_iter": 60, "random_state": 0}
    with pytest.warns(Warning):
        model = PenalizedMLPRegressor((2,), **how).fit(*data)
    assert [part.shape for part in model.weight_precision_] == [(5, 2), (3, 1), (4, 1)]
    assert [part.shape for part in model.pruned_mask_] == [(5, 2), (3, 1), (4, 1)]
    assert model.direct_mask_.shape == (4, 1)
    assert_allclose(model.predict(data[0]), net_outputs(model, data[0]).ravel())


def test_weights_are_rounded_and_exchanged(data, regressor):
    X, y = data
    rounded = regressor.round_weights(X, y, decimals=1, threshold=None)
    assert_array_equal(rounded.direct_coef_, rounded.direct_coef_.round(1))
    assert_allclose(rounded.predict(X), net_outputs(rounded, X).ravel())
    swapped = regressor.swap_weights(X, y, max_swaps=2)
    assert swapped.n_weights_ == regressor.n_weights_
    assert_allclose(swapped.predict(X), net_outputs(swapped, X).ravel())
    assert swapped.loss_ <= regressor.loss_ + 1e-12


# ---- as a scikit-learn MLP ----------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["identity", "relu", "tanh", "logistic"]),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from([0.1, 1.0, 30.0]),
    st.integers(0, 2**16),
)
def test_an_mlp_leads_direct_links_through_its_units(
    activation, hidden, n_outputs, compact, size, seed
):
    rng = np.random.default_rng(seed)
    X = size * rng.standard_normal((40, 3))
    y = rng.standard_normal((40, n_outputs))
    with np.errstate(all="ignore"):
        model = quietly_fitted(
            PenalizedMLPRegressor(
                hidden,
                activation=activation,
                direct_links=True,
                max_iter=3,
                random_state=0,
                alpha=1e-3,
            ),
            X,
            y if n_outputs > 1 else y.ravel(),
        )
    model.direct_coef_[:, rng.random(n_outputs) < 0.3] = 0.0
    expected = model.predict(X)
    found = model.to_mlp(compact).predict(X)
    if activation in ("identity", "relu"):
        assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * max(1.0, np.abs(expected).max()))
        assert_array_equal(model.to_mlp(compact, exact=True).predict(X), found)
    else:
        assert np.abs(found - expected).max() < 1e-6
        if model.direct_coef_.any() and any(c.any() for c in model.coefs_):
            with pytest.raises(ValueError, match="with an error of less than 1e-06 only"):
                model.to_mlp(compact, exact=True)


def quietly_fitted(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def test_classes_of_the_mlp_are_the_same(iris, pruned):
    mlp = pruned.to_mlp()
    assert_allclose(mlp.predict_proba(iris[0]), pruned.predict_proba(iris[0]), atol=1e-6)
    below, above = pruned.coefs_
    n_alive = np.count_nonzero(below.any(axis=0) & above.any(axis=1))
    n_linked = np.count_nonzero(pruned.direct_coef_.any(axis=0))
    assert mlp.hidden_layer_sizes == (n_alive + n_linked,) and n_linked > 0
    assert_array_equal(mlp.predict(iris[0]), pruned.predict(iris[0]))


def test_sums_too_large_for_logistic_units_are_refused(data):
    X, y = data
    network = PenalizedMLPRegressor(
        (2,), activation="logistic", direct_links=True, random_state=0, alpha=1e-3
    )
    model = network.fit(X, y)
    model.direct_coef_ = 1e5 * model.direct_coef_
    with pytest.raises(ValueError, match="too much to pass through logistic units"):
        model.to_mlp()


# ---- as text and source -------------------------------------------------------------------------


def multilabel():
    X, Y = make_multilabel_classification(80, n_features=5, n_classes=3, random_state=0)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return OBSMLPClassifier(PenalizedMLPClassifier((2,), **CLASSIFIER), n_weights=20).fit(X, Y), X


def exported(model, X, folder=None):
    module = {}
    exec(export_numpy(model), module)
    yield module["predict"](X)
    if COMPILER and folder is not None:
        yield compiled(export_c(model), folder)(X, model.n_outputs_)


@pytest.mark.parametrize("task", ["classes", "values", "labels"])
def test_source_code_computes_the_predictions(iris, data, pruned, regressor, task, tmp_path):
    if task == "classes":
        model, X, expected = pruned, iris[0], pruned.predict_proba(iris[0])
    elif task == "values":
        model, X, expected = regressor, data[0], regressor.predict(data[0])[:, None]
    else:
        model, X = multilabel()
        expected = model.predict_proba(X)
        assert_allclose(expected, expit(net_outputs(model, X)), atol=1e-12)
    for found in exported(model, X, tmp_path):
        assert_allclose(found, expected, atol=1e-12)


def test_source_code_reads_inputs_with_direct_links_alone(data, regressor):
    model = pickle.loads(pickle.dumps(regressor))
    model.coefs_[0][:] = 0.0
    model.coef_masks_[0][:] = False
    for found in exported(model, data[0]):
        assert_allclose(found.ravel(), net_outputs(model, data[0]).ravel(), atol=1e-12)


def test_equations_name_the_inputs_that_outputs_see(data, regressor):
    X = data[0]
    text = export_text(regressor, decimals=14)
    found = evaluate(text, [f"x{i}" for i in range(4)], X)
    assert_allclose(found[:, 0], regressor.predict(X), atol=1e-9)
    seen = [f"*x{i}" in text.rpartition("y = ")[2] for i in range(4)]
    assert seen == regressor.direct_mask_[:, 0].tolist()


def test_drawings_have_a_line_for_each_weight(iris, pruned, regressor):
    import matplotlib.pyplot as plt

    display = NetworkDisplay.from_estimator(regressor)
    assert len(display.lines_) == regressor.n_weights_
    bent = [line for line in display.lines_ if len(line.get_xdata()) > 2]
    assert len(bent) == regressor.direct_mask_.sum()
    for line in bent:
        assert (line.get_xdata()[[0, -1]] == [0, 2]).all()
    plt.close(display.figure_)
    html = regressor._repr_html_()
    assert html.count("<polyline") == regressor.direct_mask_.sum()
    assert html.count("<line") == regressor.n_weights_ - regressor.direct_mask_.sum()


def test_curvature_is_labelled_by_both_ends(data, regressor):
    import matplotlib.pyplot as plt

    display = HessianDisplay.from_estimator(regressor, *data)
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert [f"x{i}→y" for i in np.flatnonzero(regressor.direct_mask_)] == [
        label for label in labels if label.startswith("x") and label.endswith("→y")
    ]
    assert len(labels) == regressor.n_weights_
    plt.close(display.figure_)


def test_sensitivity_of_inputs_counts_direct_links(data, regressor):
    X, y = data
    found = gate_sensitivity(regressor, X, y)

    def loss(gate, i, h=1e-3):
        moved = X.copy()
        moved[:, i] *= gate
        return 0.5 * np.square(regressor.predict(moved) - y).mean()

    h = 1e-3
    for i in range(4):
        second = (loss(1 + h, i) - 2 * loss(1.0, i) + loss(1 - h, i)) / h**2
        assert found[i] == pytest.approx(second, rel=1e-3, abs=1e-6)


# ---- rules and linear programs ------------------------------------------------------------------


@pytest.fixture(scope="module")
def logic():
    """x0 decides unless x1 and x2 differ; all combinations."""
    X = np.indices((2,) * 4).reshape(4, -1).T.astype(float)
    X = np.tile(X, (4, 1))
    y = np.where(X[:, 1] != X[:, 2], 1, X[:, 0]).astype(int)
    network = PenalizedMLPClassifier((4,), alpha=0.01, direct_links=True, random_state=0)
    return OBSMLPClassifier(network, threshold=0.02).fit(X, y), X, y


@pytest.mark.parametrize("method", ["table", "n_of_m"])
def test_rules_tell_what_the_network_tells(logic, method):
    model, X, y = logic
    rules = export_rules(model, X, y, method=method)
    assert rules.fidelity_ == rules.accuracy_ == 1.0
    assert_array_equal(rules.predict(X), model.predict(X))


def test_rules_of_units_speak_of_inputs_with_direct_links():
    """Set by hand: the class is on where either the unit or the direct link is."""
    X = np.indices((2,) * 3).reshape(3, -1).T.astype(float)
    y = ((X[:, 0] == 1) | ((X[:, 1] == 1) & (X[:, 2] == 1))).astype(int)
    network = PenalizedMLPClassifier((1,), direct_links=True, alpha=0.01, random_state=0)
    model = OBSMLPClassifier(network, n_weights=1.0, retrain="never")
    model.fit(np.tile(X, (5, 1)), np.tile(y, 5))
    model.coefs_ = [np.array([[0.0], [8.0], [8.0]]), np.array([[6.0]])]
    model.intercepts_ = [np.array([-12.0]), np.array([0.0])]
    model.direct_coef_ = np.array([[20.0], [0.0], [0.0]])
    model.coef_masks_ = [coef != 0 for coef in model.coefs_]
    model.direct_mask_ = model.direct_coef_ != 0
    assert_array_equal(model.predict(X), y)
    rules = export_rules(model, X, y, method="n_of_m")
    assert rules.units_ == {"h0": "x1 == 1 and x2 == 1"}
    assert rules.rules_[1] in ("x0 == 1 or h0", "h0 or x0 == 1")
    assert rules.accuracy_ == 1.0


def test_rules_of_direct_links_alone_are_those_of_a_linear_model(logic):
    model, X, _ = logic
    model = pickle.loads(pickle.dumps(model))
    model.coef_masks_ = [np.zeros_like(mask) for mask in model.coef_masks_]
    model.coefs_ = [np.zeros_like(coef) for coef in model.coefs_]
    model.direct_coef_ = np.array([[2.0], [2.0], [2.0], [0.0]])
    model.direct_mask_ = model.direct_coef_ != 0
    model.intercepts_ = [np.zeros_like(model.intercepts_[0]), np.array([-3.0])]
    expected = (X[:, :3].sum(axis=1) > 1.5).astype(int)
    assert_array_equal(model.predict(X), expected)
    rules = export_rules(model, X, expected, method="n_of_m")
    assert not rules.units_ and rules.accuracy_ == rules.fidelity_ == 1.0


def test_programs_of_outputs_see_the_inputs(iris, pruned):
    X, y = iris
    model = LPMLPClassifier(FrozenEstimator(pruned), C=1.0).fit(X, y)
    assert model.direct_coef_.shape == (4, 3) and model.direct_coef_.any()
    hidden = np.clip(X @ model.coefs_[0] + model.intercepts_[0], -1, 1)
    net = hidden @ model.coefs_[1] + model.intercepts_[1] + X @ model.direct_coef_
    assert_array_equal(model.predict(X), net.argmax(axis=1))
    targets = 2.0 * np.eye(3)[y] - 1.0
    shortfall = np.maximum(0.0, 1.0 - targets * net).sum(axis=0)
    assert_allclose(model.violations_[-1], shortfall, atol=1e-8)
    again = OBSMLPClassifier(FrozenEstimator(model), n_weights=1.0, retrain="never").fit(X, y)
    assert_array_equal(again.direct_coef_, model.direct_coef_)
    for found in exported(model, X):
        assert_allclose(found, (net + 1.0) / 2.0, atol=1e-12)


def test_an_output_that_sees_the_inputs_costs_no_more_than_a_perceptron():
    """Separable classes without violations: the least weights of units and inputs together."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] - 0.5 * X[:, 1] > 0.2).astype(int)
    network = PenalizedMLPClassifier((3,), **CLASSIFIER).fit(X, y)
    model = LPMLPClassifier(FrozenEstimator(network), output_coding="single").fit(X, y)
    parts = model.coefs_[1], model.direct_coef_, model.intercepts_[1]
    cost = sum(np.abs(part).sum() for part in parts)
    assert cost <= LPPerceptronClassifier(C=np.inf).fit(X, y).objective_ * (1 + 1e-6)
    assert model.score(X, y) == 1.0 and model.violations_[1].sum() < 1e-6
