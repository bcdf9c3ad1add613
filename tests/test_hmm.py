"""Hidden Markov models with mixtures that grow, against hmmlearn's and against made-up truths."""

import itertools
import pickle

import numpy as np
import pytest
from sklearn.base import clone

pytest.importorskip("hmmlearn", reason="the extra hmm is not installed")
from hmmlearn.hmm import GMMHMM

from skprune.hmm import SplittingGMMHMM

TYPES = ["spherical", "diag", "tied", "full"]
# Components of the states: two, one and three.
CENTRES = [[(-8, 0), (8, 0)], [(0, 20)], [(-10, -20), (0, -24), (10, -20)]]


def make_sequences(n_sequences=12, length=60, seed=0, stay=0.9):
    """Sequences from three states that follow each other in a circle."""
    rng = np.random.default_rng(seed)
    X, states = [], []
    for _ in range(n_sequences):
        state = rng.integers(3)
        for _ in range(length):
            centres = np.array(CENTRES[state])
            X.append(centres[rng.integers(len(centres))] + rng.standard_normal(2))
            states.append(state)
            if rng.random() > stay:
                state = (state + 1) % 3
    return np.array(X), np.array(states), [length] * n_sequences


def best_agreement(states, found):
    """Share of states recovered under the best renaming."""
    return max(
        np.mean(np.array(names)[found] == states) for names in itertools.permutations(range(3))
    )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_each_state_finds_its_own_size(covariance_type):
    X, states, lengths = make_sequences()
    model = SplittingGMMHMM(3, covariance_type=covariance_type, random_state=0).fit(X, lengths)
    assert sorted(model.n_mix_) == [1, 2, 3]
    assert best_agreement(states, model.predict(X, lengths)) > 0.99
    assert [len(w) for w in model.weights_] == model.n_mix_.tolist()
    assert [m.shape for m in model.means_] == [(k, 2) for k in model.n_mix_]


def test_baum_welch_never_lowers_the_log_likelihood():
    X, _, lengths = make_sequences(6)
    model = SplittingGMMHMM(3, random_state=0, tol=1e-6, n_iter=30).fit(X, lengths)
    assert np.diff(model.monitor_.history).min() > -1e-6
    objectives = [entry["objective"] for entry in model.history_ if entry["kept"]]
    assert np.all(np.diff(objectives) > 0)


def as_hmmlearn(model):
    """hmmlearn's model of the same parameters; components of weight zero fill up the states."""
    n_mix = model.n_mix_.max()
    other = GMMHMM(model.n_components, n_mix, covariance_type=model.covariance_type)
    other.startprob_, other.transmat_ = model.startprob_, model.transmat_
    other.n_features = model.n_features

    def filled(values):
        empty = np.repeat(values[:1], n_mix - len(values), axis=0)
        return np.concatenate([values, empty])

    weights = [np.pad(w, (0, n_mix - len(w)), constant_values=1e-300) for w in model.weights_]
    other.weights_ = np.array(weights)
    other.means_ = np.array([filled(means) for means in model.means_])
    tied = model.covariance_type == "tied"
    other.covars_ = np.array([c if tied else filled(c) for c in model.covars_])
    return other


@pytest.mark.parametrize(
    ("covariance_type", "implementation"), [*((kind, "log") for kind in TYPES), ("full", "scaling")]
)
def test_scores_are_hmmlearns_of_the_same_parameters(covariance_type, implementation):
    X, _, lengths = make_sequences(4, 40, seed=1)
    model = SplittingGMMHMM(
        3, covariance_type=covariance_type, implementation=implementation, random_state=0
    ).fit(X, lengths)
    other = as_hmmlearn(model)
    np.testing.assert_allclose(model.score(X, lengths), other.score(X, lengths), rtol=1e-9)
    np.testing.assert_allclose(
        model.predict_proba(X, lengths), other.predict_proba(X, lengths), atol=1e-8
    )
    for mine, theirs in zip(model.decode(X, lengths), other.decode(X, lengths)):
        np.testing.assert_allclose(mine, theirs)


def test_one_state_is_a_mixture():
    """Without order in the observations the model is the splitting mixture."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(centre, 1.0, (100, 2)) for centre in (0, 9, 18)])
    model = SplittingGMMHMM(1, tol=1e-8).fit(rng.permutation(X))
    assert model.n_mix_.tolist() == [3]
    np.testing.assert_allclose(np.sort(model.means_[0].mean(axis=1)), [0, 9, 18], atol=0.3)
    parameters = 2 + 3 * 2 + 3 * 2
    expected = parameters * np.log(300) - 2 * model.score(X)
    np.testing.assert_allclose(model.bic(X), expected)


def test_left_to_right_transitions_stay_so():
    X, states, _ = make_sequences(8, stay=1.0)
    X = np.concatenate([X[states == s][:120].reshape(6, 20, 2) for s in (0, 1, 2)], axis=1)
    model = SplittingGMMHMM(3, topology="left-to-right").fit(X.reshape(-1, 2), [60] * 6)
    assert np.count_nonzero(model.transmat_) == 5
    np.testing.assert_array_equal(model.startprob_, [1, 0, 0])
    truth = np.tile(np.repeat([0, 1, 2], 20), 6)
    assert np.mean(model.predict(X.reshape(-1, 2), [60] * 6) == truth) > 0.99
    assert model.n_mix_.tolist() == [2, 1, 3]


def test_forbidden_transitions_of_ones_own():
    X, _, lengths = make_sequences(8)
    model = SplittingGMMHMM(3, random_state=0, init_params="sg")
    model.transmat_ = np.array([[0.9, 0.1, 0.0], [0.0, 0.9, 0.1], [0.1, 0.0, 0.9]])
    model.fit(X, lengths)
    assert model.transmat_[[0, 1, 2], [2, 0, 1]].tolist() == [0.0, 0.0, 0.0]


def test_samples_have_the_moments_of_the_model():
    X, _, lengths = make_sequences()
    model = SplittingGMMHMM(3, covariance_type="full", random_state=0).fit(X, lengths)
    drawn, states = model.sample(5000, random_state=1)
    for state, (weights, means) in enumerate(zip(model.weights_, model.means_)):
        np.testing.assert_allclose(drawn[states == state].mean(axis=0), weights @ means, atol=0.8)


def test_repeats_clones_and_pickles():
    X, _, lengths = make_sequences(4)
    model = SplittingGMMHMM(3, random_state=0)
    first, second = (clone(model).fit(X, lengths) for _ in range(2))
    assert first.score(X, lengths) == second.score(X, lengths)
    restored = pickle.loads(pickle.dumps(first))
    assert restored.score(X, lengths) == first.score(X, lengths)


@pytest.mark.parametrize("lengths", [[100, 100], [0, 240], [240.0], [-10, 250], [[240]]])
def test_lengths_that_do_not_add_up(lengths):
    X, _, _ = make_sequences(4)
    with pytest.raises(ValueError, match=r"lengths must be positive .* 240"):
        SplittingGMMHMM(3).fit(X, lengths)


@pytest.mark.parametrize(
    "parameters",
    [{"topology": "ring"}, {"covariance_type": "round"}, {"n_components": 0}, {"max_mix": 0}],
)
def test_parameters_out_of_range(parameters):
    X, _, lengths = make_sequences(2)
    with pytest.raises(ValueError, match=f"{next(iter(parameters))}=.* is not valid"):
        SplittingGMMHMM(**parameters).fit(X, lengths)


def test_sequences_of_one_observation():
    X, _, _ = make_sequences(2)
    model = SplittingGMMHMM(3, random_state=0, n_iter=5).fit(X, [1] * len(X))
    np.testing.assert_allclose(model.transmat_.sum(axis=1), 1.0)
    assert np.isfinite(model.score(X, [1] * len(X)))


def test_a_state_that_nobody_visits_keeps_its_mixture():
    X, _, lengths = make_sequences(4)
    model = SplittingGMMHMM(4, random_state=0, init_params="g")
    model.startprob_ = np.array([1.0, 0.0, 0.0, 0.0])
    model.transmat_ = np.array(
        [[0.8, 0.1, 0.1, 0], [0.1, 0.8, 0.1, 0], [0.1, 0.1, 0.8, 0], [0.25] * 4]
    )
    model.fit(X, lengths)
    np.testing.assert_array_equal(model.transmat_[3], [0.25] * 4)
    assert model.n_mix_[3] == 1
    assert np.isfinite(model.score(X, lengths))


def test_an_interrupted_fit_leaves_nothing(monkeypatch):
    X, _, lengths = make_sequences(2)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("skprune.hmm._splitting_gmmhmm.grown", interrupt)
    model = SplittingGMMHMM(3, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, lengths)
    assert not hasattr(model, "_mixtures")
