"""Networks that grow by node splitting."""

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from versions import needs_callbacks, parametrize_with_checks

from skprune import (
    LPMLPClassifier,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    SplitCriterion,
    SplittingMLPClassifier,
    SplittingMLPRegressor,
)
from skprune._fitted.reading import read_network
from skprune._growing.criteria import CRITERIA
from skprune.inspection import gate_sensitivity
from skprune.neural_network._splitting import _HeldOut

SMALL = {"alpha": 0.1, "max_hidden": 5, "random_state": 0}


def make_wave(n_samples=150, seed=0):
    X = np.random.default_rng(seed).uniform(-2, 2, (n_samples, 1))
    return X, np.sin(2 * X).ravel()


def grow(**settings):
    X, y = make_wave()
    return SplittingMLPRegressor(**(SMALL | settings)).fit(X, y), X, y


@pytest.mark.parametrize("criterion", CRITERIA)
def test_every_criterion_grows(criterion):
    model, X, y = grow(criterion=criterion)
    assert model.history_[0]["action"] == "start"
    assert model.history_[0]["hidden_layer_sizes"] == (1,)
    assert 1 < model.hidden_layer_sizes_[0] <= 5
    whole = PenalizedMLPRegressor((1,), alpha=0.1, random_state=0, direct_links=False).fit(X, y)
    assert model.score(X, y) > whole.score(X, y) + 0.1
    actions = {entry["action"] for entry in model.history_}
    assert actions <= {"start", "split", "new", "final"}
    if criterion == "random":
        assert "split" not in actions


def test_grown_networks_learn_what_a_single_unit_cannot():
    X, y = make_moons(200, noise=0.1, random_state=0)
    model = SplittingMLPClassifier(alpha=0.1, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.99
    grown = SplittingMLPRegressor(alpha=1e-3, random_state=0, max_hidden=8).fit(*make_wave())
    assert grown.score(*make_wave(seed=1)) > 0.99


def test_kept_splits_lower_the_loss_and_undone_ones_leave_no_trace():
    model, X, y = grow(validation_fraction=None, min_gain=0.01)
    null_loss = 0.5 * np.var(y)
    size, loss = (1,), model.history_[0]["loss"]
    outcomes = []
    for entry in model.history_[1:]:
        assert entry["hidden_layer_sizes"][0] == size[0] + 1
        outcomes.append(entry["kept"])
        assert entry["kept"] == (loss - entry["loss"] > 0.01 * null_loss)
        if entry["kept"]:
            size, loss = entry["hidden_layer_sizes"], entry["loss"]
    assert any(outcomes)
    assert (model.hidden_layer_sizes_, model.loss_) == (size, loss)
    error = 0.5 * np.square(model.predict(X) - y).mean()
    penalty = 0.1 / (2 * len(y)) * sum(np.square(coef).sum() for coef in model.coefs_)
    assert model.loss_ == pytest.approx(error + penalty, rel=1e-6)


def test_an_undone_split_is_not_tried_again_on_the_same_network():
    splits_alone = SplitCriterion("scatter", new_units=False)
    rules = {"validation_fraction": None, "min_gain": 0.9, "patience": 50}
    model, _, _ = grow(hidden_layer_sizes=(3,), criterion=splits_alone, **rules)
    tried = [entry["unit"] for entry in model.history_[1:]]
    assert sorted(tried) == [0, 1, 2]
    assert not any(entry["kept"] for entry in model.history_[1:])
    assert model.hidden_layer_sizes_ == (3,)


def test_the_splitting_matrix_predicts_what_a_split_brings():
    X = np.random.default_rng(0).normal(size=(200, 2))
    y = X[:, 0] * X[:, 1]
    model = SplittingMLPRegressor(
        (2,), alpha=1e-2, validation_fraction=None, patience=10, max_hidden=7, random_state=0
    ).fit(X, y)
    splits = [entry for entry in model.history_ if entry["action"] == "split"]
    assert any(entry["kept"] for entry in splits)
    # A tenth of min_gain, of the best constant's loss.
    assert min(entry["score"] for entry in splits) >= 0.1 * 1e-3 * 0.5 * np.var(y)


def test_patience_counts_attempts_in_a_row():
    model, _, _ = grow(validation_fraction=None, min_gain=0.9, patience=2, criterion="random")
    assert [entry["kept"] for entry in model.history_] == [True, False, False]


def test_new_units_follow_undone_splits_only_when_asked_for():
    model, _, _ = grow(validation_fraction=None, min_gain=0.9, criterion="scatter", patience=4)
    assert [e["action"] for e in model.history_] == ["start", "split", "new", "new", "new"]
    splits_alone = SplitCriterion("scatter", new_units=False)
    model, _, _ = grow(validation_fraction=None, min_gain=0.9, criterion=splits_alone)
    assert [e["action"] for e in model.history_] == ["start", "split"]


@pytest.mark.parametrize(
    "constants", [{"step": 0.0}, {"n_directions": 0}, {"new_units": None}, {"name": "largest"}]
)
def test_constants_of_a_criterion_are_checked(constants):
    (name,) = constants
    with pytest.raises(ValueError, match=f"'{name}' parameter of SplitCriterion"):
        grow(criterion=SplitCriterion(**constants))


def test_a_name_means_the_default_constants():
    by_name, X, _ = grow(criterion="scatter")
    by_object, _, _ = grow(criterion=SplitCriterion("scatter"))
    np.testing.assert_array_equal(by_object.predict(X), by_name.predict(X))
    near, _, _ = grow(criterion=SplitCriterion("scatter", step=0.1))
    assert not np.array_equal(near.predict(X), by_name.predict(X))


def test_validation_chooses_the_size_and_training_ends_on_all_samples():
    rng = np.random.default_rng(0)
    X, y = make_wave(80)
    y = y + rng.normal(scale=0.5, size=len(y))
    model = SplittingMLPRegressor(alpha=1e-4, max_hidden=20, tol=1e-3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert model.history_[-1]["action"] == "final"
    kept = [entry for entry in model.history_[:-1] if entry["kept"]]
    best = min(kept, key=lambda entry: entry["validation_loss"])
    assert model.validation_loss_ == best["validation_loss"]
    assert model.hidden_layer_sizes_ == best["hidden_layer_sizes"]
    assert model.hidden_layer_sizes_[0] < 20
    error = 0.5 * np.square(model.predict(X) - y).mean()
    assert model.loss_ == pytest.approx(error, rel=0.02)


@pytest.mark.parametrize("settings", [{}, {"loss": "squared_error"}])
def test_classes_are_judged_by_wrong_predictions_first(iris, settings):
    X, y = iris
    for targets in (y, (y == 1).astype(int), np.column_stack([y == 0, y == 1]).astype(int)):
        model = SplittingMLPClassifier(
            alpha=1e-2, max_hidden=4, tol=1e-3, validation_fraction=0.5, random_state=0, **settings
        ).fit(X, targets)
        kept = [entry for entry in model.history_[:-1] if entry["kept"]]
        best = min(kept, key=lambda e: (e["validation_error"], e["validation_loss"]))
        assert model.hidden_layer_sizes_ == best["hidden_layer_sizes"]
        assert best["validation_error"] < 0.1
        # Multiples of one over the number of held-out samples.
        n_wrong = 75 * best["validation_error"]
        assert n_wrong == pytest.approx(round(n_wrong), abs=1e-9)


def test_the_held_out_error_is_that_of_predict(iris):
    X, y = iris
    one, each = "largest output", "each output"
    labels = np.eye(3, dtype=int)[y]  # as it happens, one for every sample
    for targets, told_by in (
        (y, one),
        ((y == 1).astype(int), each),
        (labels[:, :2], each),
        (labels, each),
    ):
        model = PenalizedMLPClassifier((2,), alpha=1.0, random_state=0, direct_links=False).fit(
            X, targets
        )
        network, w, _, _ = read_network(model)
        encoded = np.eye(3)[y] if targets is y else targets.reshape(150, -1).astype(float)
        error, loss = _HeldOut((X, encoded, np.ones(150)), told_by)(network, w)
        assert error == pytest.approx(1 - model.score(X, targets))
        assert _HeldOut((X, encoded, np.ones(150)))(network, w) == (loss,)


def test_labels_are_judged_each_by_itself(iris):
    X, y = iris
    settings = {"max_hidden": 1, "validation_fraction": 0.5, "random_state": 0, "alpha": 1.0}
    errors = [
        SplittingMLPClassifier(**settings).fit(X, targets).history_[0]["validation_error"]
        for targets in (y, np.eye(3, dtype=int)[y])
    ]
    # One unit puts all three classes in order, but none between the others by a threshold.
    assert errors[0] < 0.2 < 0.3 < errors[1]


def test_size_is_bounded_in_all_layers_together():
    X, y = make_wave()
    settings = {"validation_fraction": None, "min_gain": 0.0, "patience": 20} | SMALL
    model = SplittingMLPRegressor((2, 2), criterion="scatter", **settings).fit(X, y)
    assert sum(model.hidden_layer_sizes_) <= 5
    assert {e["layer"] for e in model.history_[1:]} <= {1, 2}
    criterion = SplitCriterion("scatter", n_directions=2)
    wide = SplittingMLPRegressor((2,), criterion=criterion, **settings).fit(X, y)
    sizes = [entry["hidden_layer_sizes"][0] for entry in wide.history_]
    assert max(sizes) <= 5
    assert SplittingMLPRegressor((2,), max_hidden=2).fit(X, y).hidden_layer_sizes_ == (2,)


def test_networks_without_biases_stay_so():
    for criterion in CRITERIA:
        model, _, _ = grow(fit_intercept=False, criterion=criterion, max_hidden=3)
        assert not any(intercept.any() for intercept in model.intercepts_)


def test_results_repeat_and_survive_pickling():
    first, X, _ = grow()
    second, _, _ = grow()
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    copy = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(copy.predict(X), first.predict(X))


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_classes_labels_and_names(iris, loss):
    X, y = iris
    names = np.array(["a", "b", "c"])[y]
    model = SplittingMLPClassifier(loss=loss, **SMALL).fit(X, names)
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.score(X, names) > 0.95
    labels = np.column_stack([y == 0, y == 1])
    several = SplittingMLPClassifier(loss=loss, **SMALL).fit(X, labels.astype(int))
    assert several.predict(X).shape == labels.shape
    assert several.score(X, labels) > 0.8


def test_several_outputs_counts_and_sparse_inputs(iris):
    X, y = iris
    both = SplittingMLPRegressor(**SMALL).fit(X, np.column_stack([X[:, 0] * X[:, 1], y]))
    assert both.predict(X).shape == (150, 2)
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0]))
    model = SplittingMLPRegressor(loss="poisson", **SMALL).fit(X, counts)
    assert model.activations_[-1] == "exp"
    assert model.score(X, counts) > 0.3
    X = np.where(np.abs(X) < 0.5, 0.0, X)
    dense = SplittingMLPRegressor(max_hidden=3, alpha=1.0, random_state=0).fit(X, X[:, 0] * y)
    thin = clone(dense).fit(sparse.csr_array(X), X[:, 0] * y)
    np.testing.assert_allclose(thin.predict(X), dense.predict(X), atol=1e-3)


@pytest.mark.parametrize("criterion", sorted(set(CRITERIA) - {"random"}))
def test_weights_count_as_repetitions(criterion):
    X, y = make_wave(40)
    weight = np.arange(40) % 3
    settings = {
        "validation_fraction": None, "alpha": 0.1, "max_hidden": 3, "random_state": 0,
        "tol": 1e-6, "criterion": SplitCriterion(criterion, new_units=False),
    }  # fmt: skip
    weighted = SplittingMLPRegressor(**settings).fit(X, y, sample_weight=weight)
    repeated = SplittingMLPRegressor(**settings).fit(np.repeat(X, weight, 0), np.repeat(y, weight))
    assert weighted.hidden_layer_sizes_ == repeated.hidden_layer_sizes_
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), atol=1e-3)


def test_samples_of_weight_zero_play_no_part():
    X, y = make_wave(60)
    weight = np.ones(80)
    weight[60:] = 0
    padded = np.vstack([X, np.full((20, 1), 99.0)]), np.concatenate([y, np.full(20, -99.0)])
    alone = SplittingMLPRegressor(**SMALL).fit(X, y)
    together = SplittingMLPRegressor(**SMALL).fit(*padded, sample_weight=weight)
    np.testing.assert_array_equal(together.predict(X), alone.predict(X))


# ---- grow, then prune --------------------------------------------------------------------------


def test_grown_networks_are_pruned():
    X, y = make_moons(200, noise=0.1, random_state=0)
    growing = SplittingMLPClassifier(alpha=0.1, max_hidden=10, random_state=0)
    model = OBSMLPClassifier(growing).fit(X, y)
    n_grown = sum(part.size for part in (*model.estimator_.coefs_, *model.estimator_.intercepts_))
    assert model.n_weights_ < n_grown
    assert model.score(X, y) > 0.97
    units = OBSMLPClassifier(FrozenEstimator(growing.fit(X, y)), granularity="unit").fit(X, y)
    assert units.hidden_layer_sizes_[0] <= growing.hidden_layer_sizes_[0]

    X, y = make_wave()
    pruned = OBSMLPRegressor(SplittingMLPRegressor(alpha=1e-2, random_state=0)).fit(X, y)
    assert pruned.score(X, y) > pruned.estimator_.score(X, y) - 0.011


def test_grown_networks_are_networks_like_others(iris):
    X, y = iris
    model = SplittingMLPClassifier(**SMALL).fit(X, y)
    network, w, kept, alpha = read_network(model)
    assert network.layer_sizes == (4, *model.hidden_layer_sizes_, 3)
    assert (len(kept), alpha) == (len(w), 0.1)
    np.testing.assert_allclose(model.to_mlp().predict_proba(X), model.predict_proba(X), atol=1e-12)
    assert gate_sensitivity(model, X, y, layer="hidden").shape == model.hidden_layer_sizes_
    assert LPMLPClassifier(FrozenEstimator(model)).fit(X, y).score(X, y) > 0.8


# ---- bad input, callbacks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"hidden_layer_sizes": ()}, "no unit to split"),
        ({"hidden_layer_sizes": (9,)}, "more than max_hidden=5"),
        ({"criterion": "best"}, "criterion"),
        ({"criterion": SplitCriterion(step=0.0)}, "step"),
        ({"validation_fraction": 0.001}, "0 held out"),
        ({"out_activation": "exp"}, "does not go with loss"),
    ],
)
def test_errors_name_the_cure(settings, message):
    with pytest.raises(ValueError, match=message):
        grow(**settings)


def test_too_few_iterations_are_warned_of():
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        grow(max_iter=2)


@pytest.mark.parametrize("validation_fraction", [None, 0.2])
def test_constant_targets_and_all_zero_weights(validation_fraction):
    X, y = make_wave(30)
    model = SplittingMLPRegressor(validation_fraction=validation_fraction, **SMALL)
    np.testing.assert_allclose(model.fit(X, np.ones(30)).predict(X), 1, atol=0.02)
    with pytest.raises(ValueError, match="at least one non-zero"):
        model.fit(X, y, sample_weight=np.zeros(30))


class Counting:
    """A callback that counts stages, stops or fails after so many."""

    def __init__(self, stop_after=np.inf, fail_after=np.inf):
        self.stop_after, self.fail_after = stop_after, fail_after
        self.n_stages, self.is_torn_down = 0, False

    def setup(self, estimator, context):
        self.is_torn_down = False

    def teardown(self, estimator, context):
        self.is_torn_down = True

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n_stages += context.task_name == "stage"
        if self.n_stages >= self.fail_after:
            raise RuntimeError("no more")
        return self.n_stages >= self.stop_after


@needs_callbacks
def test_callbacks_stop_growth():
    X, y = make_wave()
    callback = Counting(stop_after=3)
    model = SplittingMLPRegressor(**SMALL).set_callbacks(callback).fit(X, y)
    assert [entry["action"] for entry in model.history_][3:] == ["final"]
    assert len(model.history_) == 4
    assert callback.is_torn_down


@needs_callbacks
def test_a_failing_callback_leaves_no_half_fitted_estimator():
    X, y = make_wave()
    callback = Counting(fail_after=2)
    model = SplittingMLPRegressor(**SMALL).set_callbacks(callback)
    with pytest.raises(RuntimeError, match="no more"):
        model.fit(X, y)
    assert callback.is_torn_down
    assert not hasattr(model, "coefs_") and not hasattr(model, "history_")


def test_verbose_prints_a_line_an_attempt(capsys):
    model, _, _ = grow(verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("start: (1,) hidden units, loss = ")
    assert len(lines) == len(model.history_) - 1


# The held-out samples are drawn by number, new units at random.
WEIGHTED = dict.fromkeys(
    (
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ),
    "held-out samples are drawn by number, and rounding decides between equal splits; "
    "test_weights_count_as_repetitions compares them where neither plays a part",
)
SPARSE_LISTS = {"check_sparsify_coefficients": "networks have coefs_, a list, and no coef_"}


@parametrize_with_checks(
    [
        SplittingMLPClassifier(max_iter=100, max_hidden=4),
        SplittingMLPClassifier(max_iter=30, max_hidden=3, criterion="gate", loss="squared_error"),
        SplittingMLPRegressor(max_iter=30, max_hidden=3, validation_fraction=None),
        SplittingMLPRegressor(max_iter=30, max_hidden=3, criterion="meiosis"),
    ],
    expected_failed_checks=lambda estimator: WEIGHTED | SPARSE_LISTS,
    xfail_strict=False,
)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)
