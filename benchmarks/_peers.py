"""The models of `bench_tables.py`, with their settings, sizes and inputs used."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from _scores import log_losses
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LassoCV, LogisticRegression, LogisticRegressionCV, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import skprune

N_FOLDS = 5


@dataclass(frozen=True)
class Model:
    """`make(n_classes, seed)` gives an estimator, or None where there is none for such a table.

    `n_classes` is None for regression; `measure(fitted, n_inputs)` gives the size and a mask of
    the inputs used. `is_cached` is False for those that are run anew every time.
    """

    name: str
    package: str
    make: Callable
    measure: Callable
    is_cached: bool = True

    @property
    def version(self):
        """Package and version, or None where it is not installed."""
        try:
            return f"{self.package} {metadata.version(self.package)}"
        except metadata.PackageNotFoundError:
            return None


def _score(estimator, X, y):
    """Minus the log-loss; a class that was not in the training fold has probability zero."""
    probabilities = np.zeros((len(y), 1 + max(y.max(), estimator.classes_.max())))
    probabilities[:, estimator.classes_] = estimator.predict_proba(X)
    return -log_losses(y, probabilities).mean()


def _folds(n_classes, seed):
    kind = KFold if n_classes is None else StratifiedKFold
    return kind(N_FOLDS, shuffle=True, random_state=seed)


def _search(estimator, grid, n_classes, seed):
    scoring = "r2" if n_classes is None else _score
    return GridSearchCV(estimator, grid, scoring=scoring, cv=_folds(n_classes, seed))


def make_constant(n_classes, seed):
    return DummyRegressor() if n_classes is None else DummyClassifier()


def make_linear(n_classes, seed):
    if n_classes is None:
        return RidgeCV(np.logspace(-2, 4, 13))
    return LogisticRegression(max_iter=2000)


def make_l2(n_classes, seed):
    if n_classes is None:
        return None  # The reference is this one.
    return _logistic_cv(n_classes, seed, l1_ratios=(0,), Cs=10, solver="lbfgs", max_iter=1000)


def make_l1(n_classes, seed):
    if n_classes is None:
        return LassoCV(cv=_folds(n_classes, seed))
    # liblinear takes minutes at weak penalties where columns are collinear (churn); saga's
    # iterations are of bounded cost.
    strengths = np.logspace(-3, 1, 9)
    return _logistic_cv(n_classes, seed, l1_ratios=(1,), Cs=strengths, solver="saga", max_iter=100)


def _logistic_cv(n_classes, seed, **how):
    return LogisticRegressionCV(
        scoring=_score,
        cv=_folds(n_classes, seed),
        use_legacy_attributes=False,
        random_state=seed,
        **how,
    )


def make_tree(n_classes, seed):
    kind = DecisionTreeRegressor if n_classes is None else DecisionTreeClassifier
    # Leaves of one or two rows would be certain and wrong.
    grid = {"max_leaf_nodes": [2, 4, 8, 16, 32, 64], "min_samples_leaf": [5, 20]}
    return _search(kind(random_state=seed), grid, n_classes, seed)


def make_boosting(n_classes, seed):
    kind = HistGradientBoostingRegressor if n_classes is None else HistGradientBoostingClassifier
    return kind(random_state=seed)


def make_mlp(n_classes, seed):
    return (MLPRegressor if n_classes is None else MLPClassifier)(random_state=seed)


def make_abess(n_classes, seed):
    from abess import linear

    kinds = {None: linear.LinearRegression, 2: linear.LogisticRegression}
    kind = kinds.get(n_classes, linear.MultinomialRegression)
    # It refuses constant inputs.
    return make_pipeline(VarianceThreshold(), kind(ic_type="ebic"))


def make_celer(n_classes, seed):
    import celer

    if n_classes is None:
        return _search(celer.Lasso(), {"alpha": np.logspace(-3, 1, 13)}, n_classes, seed)
    # It has no intercept: a large constant input is one, nearly free of the penalty.
    with_constant = FunctionTransformer(lambda X: np.column_stack([X, np.full(len(X), 10.0)]))
    logistic = make_pipeline(with_constant, celer.LogisticRegression(max_iter=10, max_epochs=1000))
    # Weak penalties take it minutes on bank-marketing, and far more without the two limits.
    grid = {"logisticregression__C": np.logspace(-2, 0.5, 6)}
    return _search(logistic, grid, n_classes, seed)


def make_figs(n_classes, seed):
    import imodels

    kind = imodels.FIGSRegressor if n_classes is None else imodels.FIGSClassifier
    return kind(max_rules=20, random_state=seed)


def make_ebm(n_classes, seed):
    from interpret import glassbox

    kind = "Regressor" if n_classes is None else "Classifier"
    return getattr(glassbox, f"ExplainableBoosting{kind}")(n_jobs=1, random_state=seed)


def make_obs(n_classes, seed):
    kind = skprune.OBSMLPRegressor if n_classes is None else skprune.OBSMLPClassifier
    return kind(random_state=seed)


def make_obs_cv(n_classes, seed):
    kind = skprune.OBSMLPRegressorCV if n_classes is None else skprune.OBSMLPClassifierCV
    return kind(random_state=seed)


def make_unpruned(n_classes, seed):
    kind = skprune.PenalizedMLPRegressor if n_classes is None else skprune.PenalizedMLPClassifier
    return kind(random_state=seed)


def measure_nothing(model, n_inputs):
    return 1, np.zeros(n_inputs, bool)


def measure_linear(model, n_inputs):
    """Coefficients and intercepts that are not zero."""
    model = getattr(model, "best_estimator_", model)
    model = model[-1] if hasattr(model, "steps") else model
    coef = np.atleast_2d(model.coef_)
    size = np.count_nonzero(coef) + np.count_nonzero(model.intercept_)
    return size, (coef != 0).any(axis=0)[:n_inputs]


def measure_abess(model, n_inputs):
    """The same, of inputs that are not constant; here they are the first axis."""
    (threshold, linear), used = (model[0], model[-1]), np.zeros(n_inputs, bool)
    coef = linear.coef_.reshape(linear.n_features_in_, -1)
    used[threshold.get_support()] = (coef != 0).any(axis=1)
    return np.count_nonzero(coef) + np.count_nonzero(linear.intercept_), used


def measure_network(model, n_inputs):
    """Weights and biases that are not zero, of the layers and of direct links."""
    first = [model.coefs_[0], getattr(model, "direct_coef_", None)]
    used = [np.asarray(weights != 0).any(axis=1) for weights in first if weights is not None]
    arrays = [*model.coefs_, *model.intercepts_, *first[1:]]
    size = sum(np.count_nonzero(array) for array in arrays if array is not None)
    return size, np.logical_or.reduce(used)


def measure_tree(model, n_inputs):
    tree = model.best_estimator_.tree_
    return tree.n_leaves, np.isin(np.arange(n_inputs), tree.feature)


def measure_boosting(model, n_inputs):
    nodes = [tree.nodes for iteration in model._predictors for tree in iteration]
    used = [node["feature_idx"][node["is_leaf"] == 0] for node in nodes]
    n_leaves = sum(int(node["is_leaf"].sum()) for node in nodes)
    return n_leaves, np.isin(np.arange(n_inputs), np.concatenate(used))


def measure_figs(model, n_inputs):
    n_leaves, used, waiting = 0, np.zeros(n_inputs, bool), list(model.trees_)
    while waiting:
        node = waiting.pop()
        if node.left is None:
            n_leaves += 1
        else:
            used[node.feature] = True
            waiting += [node.left, node.right]
    return n_leaves, used


def measure_ebm(model, n_inputs):
    """Cells of its tables."""
    used = np.concatenate([np.ravel(term) for term in model.term_features_])
    size = sum(np.count_nonzero(scores) for scores in model.term_scores_)
    return size, np.isin(np.arange(n_inputs), used)


LINEAR, MLP, BOOSTING, CONSTANT = "linear", "mlp", "boosting", "constant"

MODELS = [
    Model(CONSTANT, "scikit-learn", make_constant, measure_nothing, is_cached=False),
    Model(LINEAR, "scikit-learn", make_linear, measure_linear, is_cached=False),
    Model("linear-l2", "scikit-learn", make_l2, measure_linear),
    Model("linear-l1", "scikit-learn", make_l1, measure_linear),
    Model("abess", "abess", make_abess, measure_abess),
    Model("celer", "celer", make_celer, measure_linear),
    Model("tree", "scikit-learn", make_tree, measure_tree),
    Model("figs", "imodels", make_figs, measure_figs),
    Model("ebm", "interpret", make_ebm, measure_ebm),
    Model(BOOSTING, "scikit-learn", make_boosting, measure_boosting),
    Model(MLP, "scikit-learn", make_mlp, measure_network),
    Model("unpruned", "skprune", make_unpruned, measure_network, is_cached=False),
    Model("obs", "skprune", make_obs, measure_network, is_cached=False),
    Model("obs-cv", "skprune", make_obs_cv, measure_network, is_cached=False),
]
