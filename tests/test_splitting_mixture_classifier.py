"""Classification by one splitting mixture a class."""

import pickle

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from versions import needs_callbacks, parametrize_with_checks

from skprune import SplittingGaussianMixture, SplittingGaussianMixtureClassifier


# Some checks fit fewer samples than features, where the variance floor has to bind.
@pytest.mark.filterwarnings("ignore:.*raised to the floor:UserWarning")
@parametrize_with_checks(
    [
        SplittingGaussianMixtureClassifier(),
        SplittingGaussianMixtureClassifier(SplittingGaussianMixture(covariance_type="full")),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)


def test_single_diagonal_components_are_naive_bayes():
    X, y = load_iris(return_X_y=True)
    single = SplittingGaussianMixture(max_components=1, covariance_type="diag")
    classifier = SplittingGaussianMixtureClassifier(single).fit(X, y)
    reference = GaussianNB(var_smoothing=0).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), reference.predict_proba(X), atol=1e-10)
    np.testing.assert_allclose(classifier.class_prior_, reference.class_prior_)
    np.testing.assert_allclose(
        classifier.predict_log_proba(X), reference.predict_log_proba(X), atol=1e-6
    )


def test_moons_need_several_components():
    X, y = make_moons(1000, noise=0.15, random_state=0)
    Xt, yt = make_moons(1000, noise=0.15, random_state=1)
    classifier = SplittingGaussianMixtureClassifier().fit(X, y)
    assert (classifier.n_components_ > 1).all()
    assert classifier.score(Xt, yt) > GaussianNB().fit(X, y).score(Xt, yt) + 0.05


def test_bayes_rule_over_any_mixture():
    X, y = load_iris(return_X_y=True)
    priors = [0.2, 0.3, 0.5]
    classifier = SplittingGaussianMixtureClassifier(SplittingGaussianMixture(), priors=priors)
    classifier.fit(X, y)
    log_joint = np.column_stack(
        [clone(classifier.estimator).fit(X[y == k]).score_samples(X) for k in range(3)]
    ) + np.log(priors)
    np.testing.assert_allclose(classifier.predict_log_proba(X), log_softmax(log_joint, axis=1))


@pytest.mark.parametrize(
    "estimator",
    [
        GaussianMixture(2, random_state=0),
        KernelDensity(),
        make_pipeline("passthrough", FunctionTransformer(np.log), SplittingGaussianMixture()),
        GridSearchCV(KernelDensity(), {"bandwidth": [0.2, 0.5]}, cv=3),
    ],
)
def test_bayes_rule_over_any_density(estimator):
    X, y = load_iris(return_X_y=True)
    classifier = SplittingGaussianMixtureClassifier().fit(X, y)
    classifier.set_params(estimator=estimator).fit(X, y, np.full(len(y), 2.0))
    assert not hasattr(classifier, "n_components_")
    log_joint = [clone(estimator).fit(X[y == k]).score_samples(X) for k in range(3)]
    np.testing.assert_allclose(
        classifier.predict_log_proba(X), log_softmax(np.transpose(log_joint), axis=1), atol=1e-9
    )


def two_widths():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(0, 1, (500, 1)), rng.normal(0, 10, (500, 1))]
    return X, np.repeat([0, 1], 500)


SCALED = make_pipeline(StandardScaler(), SplittingGaussianMixture(covariance_type="diag"))


@pytest.mark.parametrize(
    "estimator",
    [
        SCALED,
        make_pipeline(FunctionTransformer(), SCALED),
        GridSearchCV(SCALED, {"splittinggaussianmixture__tol": [1e-3]}),
        make_pipeline("passthrough", GridSearchCV(SCALED, {})),
    ],
)
def test_a_scaler_of_each_class_is_refused(estimator):
    """It would put the density of each class in units of its own."""
    X, y = two_widths()
    with pytest.raises(
        ValueError,
        match=r"fits StandardScaler\(\) to each class on its own.* Put what is fitted before the "
        r"classifier: make_pipeline\(StandardScaler\(\), SplittingGaussianMixtureClassifier\(",
    ):
        SplittingGaussianMixtureClassifier(estimator).fit(X, y)


def test_one_scale_for_all_classes_does_not_matter():
    X, y = two_widths()
    mixture = SplittingGaussianMixture(max_components=1, covariance_type="diag")
    alone = SplittingGaussianMixtureClassifier(mixture).fit(X, y)
    before = make_pipeline(StandardScaler(), SplittingGaussianMixtureClassifier(mixture)).fit(X, y)
    frozen = make_pipeline(FrozenEstimator(StandardScaler().fit(X)), mixture)
    within = SplittingGaussianMixtureClassifier(frozen).fit(X, y)
    expected = alone.predict_proba(X)
    np.testing.assert_allclose(before.predict_proba(X), expected, atol=1e-9)
    np.testing.assert_allclose(within.predict_proba(X), expected, atol=1e-9)


def test_weights_that_the_density_does_not_take():
    X, y = load_iris(return_X_y=True)
    classifier = SplittingGaussianMixtureClassifier(GaussianMixture())
    with pytest.raises(ValueError, match="GaussianMixture does not accept sample_weight; use an"):
        classifier.fit(X, y, np.arange(len(y)))
    # Weights of zero and one only choose.
    chosen = np.arange(len(y)) % 2
    np.testing.assert_allclose(
        classifier.fit(X, y, chosen).predict_proba(X),
        classifier.fit(X[1::2], y[1::2]).predict_proba(X),
    )


def test_labels_jobs_and_pickling():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    one = SplittingGaussianMixtureClassifier().fit(X, names)
    two = SplittingGaussianMixtureClassifier(n_jobs=2).fit(X, names)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert set(one.predict(X)) == set(names)
    restored = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(restored.predict(X), one.predict(X))


def test_zero_prior_excludes_a_class():
    X, y = load_iris(return_X_y=True)
    classifier = SplittingGaussianMixtureClassifier(priors=[0.5, 0.5, 0.0]).fit(X, y)
    assert set(classifier.predict(X)) == {0, 1}
    assert (classifier.predict_proba(X)[:, 2] == 0).all()


@pytest.mark.parametrize(
    "priors", [[0.5, 0.5], [0.5, 0.6, -0.1], [0.2, 0.2, 0.2], ["a", 0, 1], [1, np.nan, 0]]
)
def test_priors_must_be_probabilities(priors):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"priors=.* must be 3 non-negative numbers"):
        SplittingGaussianMixtureClassifier(priors=priors).fit(X, y)


def test_a_class_of_one_observation_is_a_floored_sphere():
    X, y = load_iris(return_X_y=True)
    y = y.copy()
    y[0] = 7
    with pytest.warns(UserWarning, match="raised to the floor"):
        classifier = SplittingGaussianMixtureClassifier().fit(X, y)
    assert classifier.predict(X[:1]) == 7
    assert classifier.n_components_[-1] == 1


def test_weights_choose_the_classes():
    X, y = load_iris(return_X_y=True)
    classifier = SplittingGaussianMixtureClassifier().fit(X, y, sample_weight=np.minimum(y, 1))
    np.testing.assert_array_equal(classifier.classes_, [1, 2])
    with pytest.raises(ValueError, match="at least one non-zero"):
        classifier.fit(X, y, sample_weight=np.zeros(150))


class Recorder:
    """Counts the tasks that end; can interrupt."""

    max_propagation_depth = None

    def __init__(self, fail=False):
        self.fail, self.names = fail, []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.names.append(context.task_name)
        if self.fail:
            raise KeyboardInterrupt

    def teardown(self, estimator, context):
        pass


@needs_callbacks
def test_classes_and_their_stages_are_callback_tasks():
    X, y = load_iris(return_X_y=True)
    recorder = Recorder()
    SplittingGaussianMixtureClassifier().set_callbacks(recorder).fit(X, y)
    assert recorder.names.count("stage") >= 3
    assert recorder.names[-1] == "fit"


@needs_callbacks
def test_interrupted_fit_leaves_nothing_half_fitted():
    X, y = load_iris(return_X_y=True)
    classifier = SplittingGaussianMixtureClassifier().set_callbacks(Recorder(fail=True))
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(X, y)
    with pytest.raises(NotFittedError):
        classifier.predict(X)
