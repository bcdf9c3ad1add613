"""Networks of saturating units by linear programs."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from versions import parametrize_with_checks

from skprune import LPMLPClassifier, LPPerceptronClassifier, PenalizedMLPClassifier
from skprune.neural_network._lp import _saturated

XOR = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]]), np.array([0, 1, 1, 0])
OR, AND = 4, 7


# Vertices of equal cost give different networks; a test below compares costs. Networks have coefs_,
# a list, and no coef_; a test below checks sparsify on it.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "several vertices have the same cost",
    "check_sample_weight_equivalence_on_sparse_data": "several vertices have the same cost",
    "check_sparsify_coefficients": "networks have coefs_, a list, and no coef_",
}
# With C=np.inf no class may be left to its violations, however little it weighs: units that tell
# the training patterns of both classes apart do so. With a finite C the check passes.
WITHOUT_A_PRICE = {"check_class_weight_classifiers": "C=np.inf has no price of a violation"}


def expected_failures(estimator):
    return EXPECTED_FAILURES | (WITHOUT_A_PRICE if np.isinf(estimator.C) else {})


@parametrize_with_checks(
    [
        LPMLPClassifier(structure=structure, C=C, random_state=0)
        for structure in ("layers", "cascade")
        for C in (np.inf, 1.0)
    ],
    expected_failed_checks=expected_failures,
    xfail_strict=False,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def hand_made(coefs, intercepts, activation="tanh", n_features=2):
    """A fitted MLP whose hidden weights are given."""
    sizes = [len(b) for b in intercepts]
    mlp = MLPClassifier(sizes, activation=activation, random_state=0)
    mlp.partial_fit(np.zeros((2, n_features)), [0, 1], classes=[0, 1])
    for layer, (coef, intercept) in enumerate(zip(coefs, intercepts)):
        mlp.coefs_[layer], mlp.intercepts_[layer] = np.array(coef), np.array(intercept)
    return FrozenEstimator(mlp)


@pytest.fixture(params=["tanh", "logistic", "relu"])
def ten_units(request):
    """OR and AND among eight units that look at one input, or at none."""
    coef, intercept = np.zeros((2, 10)), np.linspace(-0.5, 0.4, 10)
    coef[0, :3], coef[1, 8:] = 3.0, -2.0
    coef[:, OR], intercept[OR] = 2.0, 2.0
    coef[:, AND], intercept[AND] = 2.0, -2.0
    return hand_made([coef], [intercept], request.param)


def test_two_layers_of_xor(ten_units):
    clf = LPMLPClassifier(ten_units).fit(*XOR)
    assert_allclose(clf.objective_, 12)
    assert_array_equal(clf.hidden_units_[0], [OR, AND])
    assert_allclose(clf.coefs_[0], np.ones((2, 2)), atol=1e-8)
    assert_allclose(clf.intercepts_[0], [1, -1], atol=1e-8)
    assert_allclose(clf.coefs_[1].T, [[-1, 1], [1, -1]], atol=1e-8)
    assert_allclose(clf.intercepts_[1], [1, -1], atol=1e-8)
    assert_array_equal(clf.predict(XOR[0]), XOR[1])
    assert_allclose(np.concatenate(clf.violations_), 0, atol=1e-8)
    assert clf.dual_gap_ <= 1e-6
    assert_allclose(clf.predict_proba(XOR[0]), np.eye(2)[XOR[1]], atol=1e-8)
    single = LPMLPClassifier(ten_units, output_coding="single").fit(*XOR)
    assert_allclose(single.objective_, 9)
    assert_array_equal(single.predict(XOR[0]), XOR[1])


def test_cascade_of_xor(ten_units):
    clf = LPMLPClassifier(ten_units, structure="cascade").fit(*XOR)
    assert_allclose(clf.objective_, 10)
    assert_array_equal(clf.hidden_units_[0], [OR, AND])
    assert_allclose(clf.lateral_coef_[0], [0, -1, 0, 0], atol=1e-8)
    assert_allclose(clf.lateral_coef_[1], [0, 0, 1, -1], atol=1e-8)
    assert_array_equal(np.tril(clf.lateral_coef_), 0)
    assert_array_equal(clf.predict(XOR[0]), XOR[1])
    with pytest.raises(ValueError, match="A cascade"):
        clf.to_mlp()
    with pytest.raises(ValueError, match="is a cascade"):
        LPMLPClassifier(FrozenEstimator(clf)).fit(*XOR)


def test_a_mask_of_connections(ten_units):
    layered = np.zeros((12, 12), dtype=bool)
    layered[:2, 2:] = True  # no node sees another output
    clf = LPMLPClassifier(ten_units, structure=layered).fit(*XOR)
    assert_allclose(clf.objective_, 12)
    backwards = np.tril(np.ones((12, 12), dtype=bool), -1)
    clf.set_params(structure=backwards).fit(*XOR)
    assert_array_equal(np.triu(clf.lateral_coef_), 0)


@pytest.mark.parametrize("structure", ["layers", "cascade"])
def test_a_smooth_unit_serves_at_several_levels(structure):
    """A class between two others along one direction needs two levels of it."""
    X = np.linspace(-1, 1, 30)[:, None]
    y = (np.abs(X[:, 0]) < 0.4).astype(int)
    slope = hand_made([np.array([[0.5]])], [[0.1]], n_features=1)
    one = LPMLPClassifier(slope, n_cuts=1, structure=structure).fit(X, y)
    several = LPMLPClassifier(slope, structure=structure).fit(X, y)
    assert one.score(X, y) < 0.95
    assert several.score(X, y) == 1.0
    if structure == "layers":  # nodes of a cascade see the input as well
        assert_array_equal(several.hidden_units_[0], [0, 0])


def test_levels_tell_patterns_apart_in_new_ways():
    rng = np.random.default_rng(0)
    values, y = rng.standard_normal((60, 4)), rng.integers(3, size=60)
    values[:, 3] = -values[:, 2]
    weights = np.ones(60)
    middle_only, units = _saturated(values, 0.0, 1, y, weights)
    assert_array_equal(middle_only, np.where(values > 0, 1, -1))
    assert_array_equal(units, range(4))
    targets, units = _saturated(values, 0.0, 4, y, weights)
    assert_array_equal(targets[:, :4], middle_only)
    assert set(units[4:]) == {0, 1, 2}  # the last unit's levels are the third's, mirrored
    extra = targets[:, 4:]
    alike = np.abs(targets.T @ extra) == 60
    assert_array_equal(alike.sum(axis=0), 1)
    for unit, target in zip(units[4:], extra.T):
        assert values[target > 0, unit].min() > values[target < 0, unit].max()


def test_bad_structures(ten_units):
    cyclic = np.triu(np.ones((12, 12), dtype=bool), 1)
    cyclic[3, 2] = True
    with pytest.raises(ValueError, match=r"cycle of nodes .*would explain itself"):
        LPMLPClassifier(ten_units, structure=cyclic).fit(*XOR)
    with pytest.raises(ValueError, match="explain itself"):
        LPMLPClassifier(ten_units, structure=np.eye(12)).fit(*XOR)
    with pytest.raises(ValueError, match=r"shape \(12, 12\).* got shape \(3, 3\)"):
        LPMLPClassifier(ten_units, structure=np.zeros((3, 3))).fit(*XOR)


def test_all_twelve_separable_dichotomies_cost_an_output_two():
    """Four units at zero bias: L1 does not count units."""
    X, y = XOR
    directions = np.array([[1, 0], [0, 1], [1, 1], [1, -1], [1, 1], [1, -1]])
    biases = np.array([0, 0, 1, 1, -1, -1])
    coef = np.vstack([directions, -directions]).T.astype(float)
    net = hand_made([coef], [np.concatenate([biases, -biases]).astype(float)])
    clf = LPMLPClassifier(net, output_coding="single").fit(X, y)
    hidden = np.sign(X @ coef + np.concatenate([biases, -biases]))
    output = LPPerceptronClassifier(C=np.inf).fit(hidden, y)
    assert_allclose(output.objective_, 2)
    assert_allclose(np.abs(clf.coefs_[1]).sum() + np.abs(clf.intercepts_[1]).sum(), 2)


@pytest.mark.parametrize("structure", ["layers", "cascade"])
def test_mapping_is_reproduced_where_programs_are_feasible(structure):
    """Random units are feasible by construction; outputs are where enough units survive."""
    X, y = make_classification(80, 5, n_informative=4, n_redundant=0, random_state=1)
    clf = LPMLPClassifier(n_hidden=150, structure=structure, random_state=0).fit(X, y)
    assert max(v.max() for v in clf.violations_) < 1e-5
    assert_array_equal(clf.predict(X), y)
    assert structure == "cascade" or len(clf.hidden_units_[0]) < 80


def test_every_layer_is_the_optimum_for_its_inputs():
    """Two hidden layers: upper layers are solved on the values really reached."""
    X, y = make_classification(120, 4, n_informative=4, n_redundant=0, flip_y=0.1, random_state=0)
    mlp = MLPClassifier((8, 6), activation="relu", max_iter=300, random_state=0)
    with pytest.warns(ConvergenceWarning):
        clf = LPMLPClassifier(mlp, C=2.0, output_coding="single").fit(X, y)
    assert len(clf.coefs_) == 3 and len(clf.hidden_units_) == 2
    level = X
    for layer in range(2):
        level = np.clip(level @ clf.coefs_[layer] + clf.intercepts_[layer], -1, 1)
    output = LPPerceptronClassifier(C=2.0).fit(level, y)
    cost = np.abs(clf.coefs_[2]).sum() + np.abs(clf.intercepts_[2]).sum()
    assert_allclose(cost + 2.0 * clf.violations_[2].sum(), output.objective_, rtol=1e-6)
    assert [c.shape[1] for c in clf.coefs_[:-1]] == [len(u) for u in clf.hidden_units_]


def test_several_classes_labels_and_jobs():
    X, y = load_iris(return_X_y=True)
    clf = LPMLPClassifier(n_hidden=30, C=10.0, random_state=0).fit(X, y)
    assert clf.n_outputs_ == 3 and clf.score(X, y) > 0.9
    jobs = LPMLPClassifier(n_hidden=30, C=10.0, random_state=0, n_jobs=2).fit(X, y)
    assert_array_equal(jobs.predict_proba(X), clf.predict_proba(X))
    Y = np.column_stack([y == 0, y != 1]).astype(int)
    labels = LPMLPClassifier(n_hidden=30, C=10.0, random_state=0).fit(X, Y)
    assert labels.predict(X).shape == Y.shape and labels.score(X, Y) > 0.9


@pytest.mark.parametrize("C", [3.0, np.inf])
@pytest.mark.parametrize("structure", ["layers", "cascade"])
def test_weights_equal_repetition(ten_units, structure, C):
    X, y = np.vstack([XOR[0], XOR[0][:1]]), np.append(XOR[1], 1)  # a contradiction
    weights = np.array([2, 1, 3, 0, 1])
    options = dict(estimator=ten_units, structure=structure, C=C)
    weighted = LPMLPClassifier(**options).fit(X, y, weights)
    repeated = LPMLPClassifier(**options).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert_allclose(weighted.objective_, repeated.objective_, rtol=1e-5)
    assert_array_equal(weighted.predict(X), repeated.predict(X))


@pytest.mark.parametrize("structure", ["layers", "cascade"])
def test_sparsify(ten_units, structure):
    clf = LPMLPClassifier(ten_units, structure=structure).fit(*XOR)
    before = clf.predict_proba(XOR[0])
    clf.sparsify()
    assert all(sparse.issparse(coef) for coef in clf.coefs_)
    assert_allclose(clf.predict_proba(XOR[0]), before)
    clf.densify()
    assert_allclose(clf.predict_proba(sparse.csr_array(XOR[0])), before)


def test_sparse_inputs_agree():
    X, y = load_iris(return_X_y=True)
    y = y == 1
    for structure in ("layers", "cascade"):
        options = dict(n_hidden=10, C=5.0, structure=structure, random_state=0)
        dense = LPMLPClassifier(**options).fit(X, y)
        thin = LPMLPClassifier(**options).fit(sparse.csr_array(X), y)
        assert_allclose(thin.objective_, dense.objective_, rtol=1e-6)


def test_a_network_that_nothing_enters():
    X, y = load_iris(return_X_y=True)
    clf = LPMLPClassifier(n_hidden=5, C=1e-6, random_state=0).fit(X, y)
    assert not clf.coefs_[1].any()
    assert len(np.unique(clf.predict(X))) == 1


def test_errors_name_the_cure():
    X, y = XOR
    with pytest.raises(ValueError, match="last in the"):
        LPMLPClassifier(make_pipeline(StandardScaler(), MLPClassifier())).fit(X, y)
    with pytest.raises(ValueError, match="holds no network"):
        LPMLPClassifier(LPPerceptronClassifier()).fit(X, y)
    with pytest.raises(ValueError, match="trained on 3"):
        frozen = hand_made([np.ones((3, 1))], [np.ones(1)], n_features=3)
        LPMLPClassifier(frozen).fit(X, y)
    with pytest.raises(ValueError, match="same columns in the same order"):
        frame, y_iris = load_iris(return_X_y=True, as_frame=True)
        frozen = FrozenEstimator(
            PenalizedMLPClassifier((2,), random_state=0, alpha=1e-3, direct_links=False).fit(
                frame, y_iris
            )
        )
        LPMLPClassifier(frozen).fit(frame.iloc[:, ::-1], y_iris)
    with pytest.raises(ValueError, match="only one class"):
        LPMLPClassifier().fit(X, y, sample_weight=y)
    with pytest.raises(ValueError, match=r"cannot express.*Use export_c or export_numpy of .*n\.$"):
        LPMLPClassifier(random_state=0).fit(X, y).to_mlp()


def test_limits_warn():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        LPMLPClassifier(max_iter=1, random_state=0).fit(X, y)


def test_sparse_label_indicators():
    X, y = make_multilabel_classification(40, 6, n_classes=3, random_state=0)
    dense = LPMLPClassifier(random_state=0).fit(X, y)
    found = LPMLPClassifier(random_state=0).fit(X, sparse.csr_array(y))
    assert_array_equal(found.predict(X), dense.predict(X))


def test_a_regressor_of_labels_names_the_cure():
    X, y = XOR
    with pytest.raises(ValueError, match=r"MLPRegressor is a regressor.*\['no', 'yes'\]"):
        LPMLPClassifier(MLPRegressor()).fit(X, np.array(["no", "yes"])[y])


def test_rows_of_a_structure_of_different_lengths():
    with pytest.raises(ValueError, match="structure must be a matrix of booleans"):
        LPMLPClassifier(structure=[[0, 1], [0]], n_hidden=2).fit(*XOR)
