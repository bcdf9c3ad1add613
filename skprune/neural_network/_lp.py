"""Networks of saturating units, one linear program a unit (H96)."""

from dataclasses import dataclass, replace
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context, clone, is_regressor
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.parallel import delayed
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .._estimator.class_weight import CLASS_WEIGHT, check_one_class_weight, weights_by_class
from .._estimator.compat import CallbackSupportMixin, with_callbacks
from .._estimator.data import checked
from .._estimator.labels import fit_binarizer
from .._estimator.ranges import check_size
from .._estimator.transaction import all_or_nothing
from .._fitted.frozen import is_frozen
from .._fitted.reading import check_frozen_inputs, read_network, refuse_non_networks
from .._fitted.targets import check_network_data, encode_classes
from .._linear_program.starts import STRATEGIES
from .._linear_program.units import SaturatingUnits
from .._linear_program.warnings import warn_of_gaps
from .._network import network_output
from .._numerics.arrays import dense
from .._numerics.parallel import results_of
from .._numerics.threads import one_blas_thread
from ._base import NetworkClassifier
from ._cascade import by_layer, check_structure, order, reachable
from ._trainer import training_threads

_LIMITS = np.array([-1.0, 1.0])
_TIE_BREAK = 1e-6
_LEAST_GAIN = 1e-3  # of impurity, for a cut worth a candidate


class LPMLPClassifier(CallbackSupportMixin, NetworkClassifier):
    """Small network of saturating units, each the solution of a linear program.

    The hidden units of a trained network (or random ones) say what hidden units could compute;
    linear programs find the units ``clip(w.x + u, -1, 1)`` with the least ``sum |w_j| + |u|`` that
    compute it. The output layer comes first, hidden units that it does not use go, then come the
    survivors' input weights, and at last the layers above the first once more on the
    values really reached. Use it to turn a network into a few units that can be read as rules.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any scikit-learn MLP or network estimator of skprune; it is cloned and trained, or taken as
        it is within a ``FrozenEstimator``. None takes random units: normal directions, thresholds
        uniform over the range of the training patterns. They serve small tasks of logic; for
        tables of numbers give a trained network.
    n_hidden : int, default=20
        Number of random units when there is no estimator.
    n_cuts : int, default=3
        Number of levels, at most, at which each unit of the network is cut into a unit that is on
        or off: its middle first, then levels that separate the classes. The programs choose
        among them. With a matrix as `structure` there is one, so that it has one node a unit.
    structure : {"layers", "cascade"} or array-like of bool, default="layers"
        "cascade" is the multi-level form: a node sees the inputs and all nodes after it, in the
        order outputs, last hidden layer, ..., first hidden layer. A square matrix over these
        nodes says instead which node (row) may see which (column); it must have no cycle.
    output_coding : {"one_per_class", "single"}, default="one_per_class"
        Whether two classes have an output unit each, as in H96, or one between them.
    C : float, default=np.inf
        Cost of a violation, in (0, inf]. ``np.inf`` asks of each unit for the least violation
        first and for the least weights second.
    fit_intercept : bool, default=True
        Whether units have an intercept u.
    penalize_intercept : bool, default=True
        Whether the intercept costs ``|u|`` as in H96, or nothing.
    tol : float, default=1e-6
        Duality gap to certify for each unit, relative to ``max(1, objective)``.
    max_iter : int or None, default=None
        Limit of simplex iterations and interior-point steps of each unit.
    time_limit : float or None, default=None
        Limit of seconds for each unit.
    solver : str, default="auto"
        Where the solver starts: see `LPPerceptronClassifier`.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Factors of the sample weights by class, in the programs and in training the estimator;
        "balanced" gives all classes the same total weight. With several labels, a dict for all of
        them or a list with one a label: the factors of a sample's labels are multiplied. With
        ``C=np.inf`` they decide only between samples that the units cannot all fit.
    random_state : int, RandomState instance or None, default=None
        Draws the random units.
    n_jobs : int or None, default=None
        Number of units solved at the same time (joblib).

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights of each layer, inputs by units; for a cascade those of the inputs alone.
    intercepts_ : list of ndarray
        Intercepts of each layer.
    direct_coef_ : ndarray of shape (n_features, n_outputs) or None
        Weights from the inputs to the outputs, where the given network has such direct links: the
        inputs are then further inputs of the outputs' programs. (A cascade has them in `coefs_`.)
    lateral_coef_ : ndarray of shape (n_nodes, n_nodes)
        For a cascade: weights from node (column) to node (row), outputs first.
    hidden_units_ : list of ndarray of int
        For each hidden layer, which units of the given network survive, once for each level at
        which they are cut.
    activations_ : list of str
        "clip" for each layer.
    objective_ : float
        Cost of all units.
    dual_gap_ : float
        The largest relative duality gap of all units.
    violations_ : list of ndarray
        For each layer (a cascade is one), the total by which each unit falls short of its targets
        on the training patterns, with the inputs it really gets.
    n_iter_ : int
        Simplex iterations and interior-point steps of the longest program.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    estimator_ : estimator or None
        The trained network whose hidden units served.
    n_outputs_ : int
        Number of output units.
    n_layers_ : int
        Number of layers, the inputs included.
    out_activation_ : str
        "clip".
    loss_function_ : str
        "squared_error", for methods that train or prune the network further.
    alpha_ : float
        Zero: no weight decay.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, when X has names that are strings.

    Raises
    ------
    ValueError
        If there is one class only, if the estimator is a pipeline or holds no network, if a
        frozen one was trained on other features, or if `structure` has a cycle or the wrong size.
    RuntimeError
        If HiGHS stops for a reason other than a limit, with its own words.

    See Also
    --------
    LPPerceptronClassifier : One layer only.
    OBSMLPClassifier : Prunes a network by second-order information.

    Notes
    -----
    A hidden unit counts as on where its output is above a level, and as off elsewhere: its targets
    are the limits 1 and -1. Values in between would be equalities, which no unit can meet on
    more patterns than it has weights. Levels are the unit's middle (0.5 for "logistic", 0 for
    "tanh", "relu", "clip" and "identity") and those where a decision tree of its output alone, with
    `n_cuts` leaves, splits the classes. A unit that saturates has one useful level; one that is
    nearly linear in its range says more with several, and costs a unit for each that is used.

    With noisy labels, ``C=np.inf`` spends units on single patterns; a finite C needs fewer.

    Weights from units cost a millionth more than others while the programs are solved, so that no
    unit is kept for what an input or an intercept does at the same cost.

    Predictions rest on the net inputs of the output units, so that saturated outputs do not tie.

    Time is that of one `LPPerceptronClassifier` for each unit (twice for those above the first
    layer), memory O(size of X + n_samples x n_units).

    References
    ----------
    H96, H. Hyotyniemi. Structural optimization of feedforward networks. STeP'96, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import LPMLPClassifier
    >>> X = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    >>> clf = LPMLPClassifier(n_hidden=10, random_state=0).fit(X, [0, 1, 1, 0])
    >>> clf.predict(X).tolist()
    [0, 1, 1, 0]
    >>> sum(v.sum() for v in clf.violations_).round(6) + 0.0
    np.float64(0.0)
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "n_cuts": [Interval(Integral, 1, None, closed="left")],
        "structure": [StrOptions({"layers", "cascade"}), "array-like"],
        "output_coding": [StrOptions({"one_per_class", "single"})],
        "C": [Interval(Real, 0, None, closed="right")],
        "fit_intercept": ["boolean"],
        "penalize_intercept": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "time_limit": [Interval(Real, 0, None, closed="left"), None],
        "solver": [StrOptions({"auto", *STRATEGIES})],
        "class_weight": CLASS_WEIGHT,
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator=None,
        *,
        n_hidden=20,
        n_cuts=3,
        structure="layers",
        output_coding="one_per_class",
        C=np.inf,
        fit_intercept=True,
        penalize_intercept=True,
        tol=1e-6,
        max_iter=None,
        time_limit=None,
        solver="auto",
        class_weight=None,
        random_state=None,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.n_hidden = n_hidden
        self.n_cuts = n_cuts
        self.structure = structure
        self.output_coding = output_coding
        self.C = C
        self.fit_intercept = fit_intercept
        self.penalize_intercept = penalize_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.time_limit = time_limit
        self.solver = solver
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Find the units, one linear program each.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training patterns.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a label indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of C; patterns of weight zero are left out.

        Returns
        -------
        self : LPMLPClassifier
            The fitted network.
        """
        refuse_non_networks(self.estimator)
        if not is_frozen(self.estimator):
            check_one_class_weight(self, self.estimator)
        with all_or_nothing(self), one_blas_thread():
            X, y, sample_weight = check_network_data(self, X, y, sample_weight)
            y = dense(y)
            binarizer = fit_binarizer(y)
            sample_weight = weights_by_class(self.class_weight, y, sample_weight)
            used = slice(None) if sample_weight is None else sample_weight > 0
            if y.ndim == 1 and len(np.unique(y[used])) < 2:
                raise ValueError(
                    "LPMLPClassifier needs samples of at least 2 classes with positive weight, "
                    f"but y has only one class: {y[used].tolist()[0]!r}. Add samples of another "
                    "class."
                )
            targets = encode_classes(binarizer, y, "clip")
            if self.output_coding == "one_per_class" and binarizer.y_type_ == "binary":
                targets = np.hstack([-targets, targets])
            vars(self).pop("lateral_coef_", None)
            self.estimator_ = self._trained(X, y, sample_weight)
            weights = np.ones(len(y)) if sample_weight is None else sample_weight
            found, is_linked = self._hidden_targets(X, y, weights)
            hidden, units = ([layer[part] for layer in found] for part in (0, 1))
            context = self._init_callback_context(max_subtasks=None)
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
            programs = _Programs(self, weights, context)
            inputs = X.astype(np.float64)
            if self._will_be_layered():
                self._fit_layers(programs, inputs, hidden, targets, is_linked)
            else:
                self._fit_cascade(programs, inputs, hidden, targets)
            warn_of_gaps(programs.all(), programs.units)
            self._set_attributes(targets, programs, units)
            self._label_binarizer, self.classes_ = binarizer, binarizer.classes_
            context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _set_attributes(self, targets, programs, units):
        self.hidden_units_ = [layer[alive] for layer, alive in zip(units, self.hidden_units_)]
        self.n_outputs_ = targets.shape[1]
        self.n_layers_ = len(self.coefs_) + 1
        self.activations_ = ["clip"] * len(self.coefs_)
        self.out_activation_, self.loss_function_, self.alpha_ = "clip", "squared_error", 0.0
        self.objective_, self.dual_gap_ = programs.total_objective(), programs.largest_gap()
        self.n_iter_ = programs.longest()

    def _will_be_layered(self):
        return isinstance(self.structure, str) and self.structure == "layers"

    def _trained(self, X, y, sample_weight):
        """The network whose hidden units serve, or None for random ones."""
        if self.estimator is None:
            return None
        if is_frozen(self.estimator):
            check_frozen_inputs(self, self.estimator, X)
            return self.estimator
        if is_regressor(self.estimator) and y.dtype.kind not in "biuf":
            raise ValueError(
                f"{type(self.estimator).__name__} is a regressor and cannot be trained on the "
                f"labels {np.unique(y).tolist()[:3]}; pass a classifier, such as "
                "PenalizedMLPClassifier()."
            )
        estimator = clone(self.estimator)
        if sample_weight is not None and not has_fit_parameter(estimator, "sample_weight"):
            raise ValueError(
                f"{type(estimator).__name__} does not accept sample_weight; use an estimator "
                "that does, or fit without weights."
            )
        fit_params = {} if sample_weight is None else {"sample_weight": sample_weight}
        with training_threads(estimator, X):
            return estimator.fit(X, y, **fit_params)

    def _hidden_targets(self, X, y, weights):
        """Targets -1 and 1 of hidden units, and which units these are, the first layer first.

        Also whether the outputs see the inputs themselves.
        """
        if self.estimator_ is None:
            random = check_random_state(self.random_state)
            projections = safe_sparse_dot(
                X, random.standard_normal((X.shape[1], self.n_hidden)), dense_output=True
            )
            seen = projections[weights > 0]
            low, high = seen.min(axis=0), seen.max(axis=0)
            targets = np.where(projections > random.uniform(low, high), 1.0, -1.0)
            return [(targets, np.arange(self.n_hidden))], False
        network, w, _, _ = read_network(self.estimator_)
        values = network.forward(w, X)[1:-1]
        n_cuts = self.n_cuts if isinstance(self.structure, str) else 1
        found = [
            _saturated(value, 0.5 if activation == "logistic" else 0.0, n_cuts, y, weights)
            for value, activation in zip(values, network.activations)
        ]
        return found, network.direct_links

    def _fit_layers(self, programs, X, hidden, targets, is_linked):
        """Output layer first; then, on the values really reached, the layers above the first."""
        levels = [*hidden, targets]
        alive = [np.arange(level.shape[1]) for level in levels]
        layers = [None] * len(levels)
        links = [None] * len(hidden) + [X if is_linked else None]
        for depth in range(len(levels) - 1, -1, -1):
            inputs = levels[depth - 1] if depth else X
            targets = levels[depth][:, alive[depth]]
            layers[depth] = programs.solve(inputs, targets, depth, links[depth])
            if depth:
                used = _used(layers[depth].coef)
                alive[depth - 1] = used
                layers[depth] = layers[depth].with_inputs(used)
        reached = X
        for depth in range(1, len(levels)):
            reached = np.clip(layers[depth - 1].net(reached), *_LIMITS)
            if not np.allclose(reached, levels[depth - 1][:, alive[depth - 1]], atol=1e-6):
                targets = levels[depth][:, alive[depth]]
                layers[depth] = programs.solve(reached, targets, depth, links[depth])
        for depth in range(len(levels) - 1, 0, -1):
            used = _used(layers[depth].coef)
            programs.keep(depth - 1, used)
            alive[depth - 1] = alive[depth - 1][used]
            layers[depth] = layers[depth].with_inputs(used)
            layers[depth - 1] = layers[depth - 1].with_units(used)
        self.coefs_ = [layer.coef for layer in layers]
        self.intercepts_ = [layer.intercept for layer in layers]
        self.direct_coef_ = layers[-1].direct_coef
        self.hidden_units_ = alive[:-1]
        self.violations_, reached = [], X
        for depth, layer in enumerate(layers):
            net = layer.net(reached, links[depth])
            self.violations_.append(_shortfall(net, levels[depth][:, alive[depth]]))
            reached = np.clip(net, *_LIMITS)

    def _fit_cascade(self, programs, X, hidden, targets):
        """One program a node, with the targets of the nodes it may see as further inputs."""
        values = np.hstack([targets, *hidden[::-1]])
        n_nodes, n_features = values.shape[1], X.shape[1]
        mask = check_structure(self.structure, n_nodes)
        coef, lateral = np.zeros((n_features, n_nodes)), np.zeros((n_nodes, n_nodes))
        intercept = np.zeros(n_nodes)
        seen = [(X, values[:, mask[node]]) for node in range(n_nodes)]
        for node, solution in enumerate(programs.solve_each(seen, values)):
            weights = solution.weights
            coef[:, node] = weights[:n_features]
            lateral[node, mask[node]] = weights[n_features : n_features + mask[node].sum()]
            intercept[node] = weights[-1] if self.fit_intercept else 0.0
        alive = reachable(lateral, targets.shape[1])
        programs.keep(0, alive)
        self.coefs_, self.intercepts_ = [coef[:, alive]], [intercept[alive]]
        self.direct_coef_ = None
        self.lateral_coef_ = lateral[np.ix_(alive, alive)]
        self.hidden_units_ = by_layer(alive, targets.shape[1], hidden)
        self.violations_ = [_shortfall(self._cascade_net(X), values[:, alive])]

    def _cascade_net(self, X):
        """Net inputs of all nodes, each after the nodes it sees."""
        net = _Layer(self.coefs_[0], self.intercepts_[0]).net(X)
        for node in order(self.lateral_coef_ != 0):
            net[:, node] += np.clip(net, *_LIMITS) @ self.lateral_coef_[node]
        return net

    def _net_outputs(self, X):
        check_is_fitted(self)
        X = checked(self, X, dtype=np.float64, reset=False)
        check_size(X)
        if hasattr(self, "lateral_coef_"):
            return self._cascade_net(X)[:, : self.n_outputs_]
        activations = [*self.activations_[:-1], "identity"]
        weights = self.coefs_, self.intercepts_
        return network_output(*weights, activations, X, self.direct_coef_)

    def _outputs(self, X):
        return np.clip(self._net_outputs(X), *_LIMITS)

    def _class_scores(self, X):
        """Net inputs moved to targets 0 and 1."""
        return self._scored(self._net_outputs(X))

    def to_mlp(self, compact=True, *, exact=False, inputs="all"):
        """Raise: scikit-learn's MLPs know no saturating units.

        Parameters
        ----------
        compact : bool, default=True
            Without effect.
        exact : bool, default=False
            Without effect.
        inputs : {"all", "used"}, default="all"
            Without effect.

        Returns
        -------
        mlp : MLPClassifier
            Never: the method is there to say why.

        Raises
        ------
        ValueError
            Always, with the reason.
        """
        check_is_fitted(self)
        if hasattr(self, "lateral_coef_"):
            raise ValueError(
                "A cascade, whose nodes see nodes of their own layer, is an end product that "
                "scikit-learn's MLPs cannot express. Use structure='layers', or predict with this "
                "estimator."
            )
        return super().to_mlp(compact, exact=exact, inputs=inputs)


@dataclass(frozen=True)
class _Layer:
    """Weights of a layer's units, and of links from the network's inputs to the outputs."""

    coef: np.ndarray
    intercept: np.ndarray
    direct_coef: np.ndarray | None = None

    def net(self, inputs, X=None):
        """Net inputs of the units."""
        net = safe_sparse_dot(inputs, self.coef, dense_output=True) + self.intercept
        if self.direct_coef is not None:
            net += safe_sparse_dot(X, self.direct_coef, dense_output=True)
        return net

    def with_inputs(self, used):
        """The layer without what the other units below give it."""
        return replace(self, coef=self.coef[used])

    def with_units(self, used):
        """Some of the units, not those of the outputs."""
        return _Layer(self.coef[:, used], self.intercept[used])


class _Programs:
    """Solves the units' programs, in parallel, and remembers the last solution of each."""

    def __init__(self, estimator, weights, context):
        self.estimator, self.weights, self.context = estimator, weights, context
        self.solutions = {}
        self.units = SaturatingUnits(
            estimator.C,
            fit_intercept=estimator.fit_intercept,
            penalize_intercept=estimator.penalize_intercept,
            tol=estimator.tol,
            max_iter=estimator.max_iter,
            time_limit=estimator.time_limit,
            solver=estimator.solver,
        )

    def solve_each(self, inputs, targets, depth=0):
        """Solutions for each column of the targets, from its own inputs (X or None, nodes)."""
        tasks = (
            delayed(_solve_unit)(self.units, *seen, target, self.weights)
            for seen, target in zip(inputs, targets.T)
        )
        self.solutions[depth] = []
        for solution in results_of(tasks, self.estimator.n_jobs):
            task = self.context.subcontext(task_name="unit")
            task.call_on_fit_task_begin(estimator=self.estimator)
            self.solutions[depth].append(solution)
            task.call_on_fit_task_end(estimator=self.estimator)
        return self.solutions[depth]

    def solve(self, inputs, targets, depth, X=None):
        """One layer, of units that see ``inputs``, and X besides if it is given."""
        seen = (X, inputs) if depth else (inputs, None)
        found = self.solve_each([seen] * targets.shape[1], targets, depth)
        weights, intercept = (
            np.array([solution.weights for solution in found]).T,
            np.zeros(len(found)),
        )
        if self.units.fit_intercept:
            weights, intercept = weights[:-1], weights[-1]
        if X is None:
            return _Layer(weights, intercept)
        return _Layer(weights[X.shape[1] :], intercept, weights[: X.shape[1]])

    def keep(self, depth, used):
        self.solutions[depth] = [self.solutions[depth][unit] for unit in used]

    def all(self):
        return [solution for layer in self.solutions.values() for solution in layer]

    def total_objective(self):
        return float(sum(solution.objective for solution in self.all()))

    def largest_gap(self):
        return float(max(solution.dual_gap for solution in self.all()))

    def longest(self):
        return max(solution.n_iter for solution in self.all())


@one_blas_thread()
def _solve_unit(units, X, nodes, target, weights):
    """One unit's solution; of equal costs, inputs and intercept are preferred to other units."""
    if nodes is None:
        return units.solve(X, target, _LIMITS, weights)
    scaled = nodes * (1.0 - _TIE_BREAK)
    if X is None:
        X = scaled[:, :0]
    together = (
        sparse.hstack([X, scaled], format="csr") if sparse.issparse(X) else np.hstack([X, scaled])
    )
    solution = units.solve(together, target, _LIMITS, weights)
    found = solution.weights.copy()
    found[X.shape[1] : together.shape[1]] *= 1.0 - _TIE_BREAK
    saved = np.abs(solution.weights).sum() - np.abs(found).sum()
    return replace(
        solution,
        weights=found,
        objective=solution.objective - saved,
        lower_bound=solution.lower_bound - saved,
    )


def _saturated(values, middle, n_cuts, y, weights):
    """Targets -1 and 1 of a layer's units cut at their middle and between classes, and whose.

    All cuts in the middle come first; others follow where they tell patterns apart differently.
    """
    found = list(np.where(values > middle, 1.0, -1.0).T)
    units = list(range(values.shape[1]))
    known = {cut.tobytes() for target in found for cut in (target, -target)}
    for unit, value in enumerate(values.T if n_cuts > 1 else []):
        for level in _levels_between_classes(value, n_cuts - 1, y, weights):
            target = np.where(value > level, 1.0, -1.0)
            if target.tobytes() not in known and abs(target.sum()) < len(target):
                known |= {target.tobytes(), (-target).tobytes()}
                found.append(target)
                units.append(unit)
    return np.column_stack(found), np.array(units)


def _levels_between_classes(value, n_levels, y, weights):
    """Where a tree of one feature cuts, nothing where no cut tells anything of the classes."""
    tree = DecisionTreeClassifier(
        max_leaf_nodes=n_levels + 1, min_impurity_decrease=_LEAST_GAIN, random_state=0
    )
    fitted = tree.fit(value[:, None], y, sample_weight=weights).tree_
    return np.sort(fitted.threshold[fitted.feature >= 0])


def _shortfall(net, targets):
    """Total by which the net inputs fall short of targets at the limits, a unit."""
    return np.maximum(0.0, 1.0 - targets * net).sum(axis=0)


def _used(coef):
    """Inputs with a weight; one at least, so that the layer below exists."""
    used = np.flatnonzero(coef.any(axis=1))
    return used if used.size else np.zeros(1, dtype=np.intp)
