"""The size of a pruned network, chosen by cross-validation."""

import copy
from numbers import Integral

import numpy as np
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.metrics import get_scorer
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.parallel import Parallel, delayed

from ..._estimator.class_weight import CLASS_WEIGHT
from ..._estimator.compat import CallbackSupportMixin
from ..._estimator.folds import make_folds, router_of
from ..._estimator.labels import fit_binarizer
from ..._estimator.scoring import SCORING
from ..._estimator.transaction import all_or_nothing
from ..._estimator.warnings import warn_user
from ..._fitted.frozen import starts_frozen, unwrapped_name
from ..._fitted.reading import refuse_non_networks
from ..._fitted.targets import check_network_data
from ..._numerics.arrays import dense
from ..._numerics.threads import one_blas_thread
from ..._pruning.stop import MinWeights, Unlimited
from .._base import NetworkClassifier, NetworkRegressor
from .cv_results import align, choose_size_of_path, joined
from .estimators import BaseOBSMLP, OBSMLPClassifier, OBSMLPRegressor
from .fitted import PrunedNetwork
from .owner import OwnsTrainer
from .scored_paths import Samples, score_fold, score_function

# How many starts are added at most where the refitted network falls short of the folds'.
_MORE_STARTS = 4

#: A score that is above a constant's by less than this share of it is that of a constant.
_NEGLIGIBLE = 1e-6

_STOP_RULES = ("threshold", "max_saliency", "max_divergence", "n_weights", "n_inputs", "stopping")


class _OBSMLPCV(PrunedNetwork, OwnsTrainer, CallbackSupportMixin):
    """What the classifier and the regressor share: all but the kind of network."""

    _parameter_constraints: dict = {
        **{k: v for k, v in BaseOBSMLP._parameter_constraints.items() if k not in _STOP_RULES},
        "sizes": ["array-like", Interval(Integral, 2, None, closed="left"), None],
        "alphas": ["array-like", None],
        "cv": ["cv_object"],
        "scoring": SCORING,
        "selection": [StrOptions({"best", "one_se"}), callable],
    }

    def __init__(
        self,
        estimator=None,
        *,
        criterion="obs",
        granularity="weight",
        feature_groups=None,
        sizes=None,
        alphas=None,
        cv=None,
        scoring=None,
        selection="one_se",
        teaching_signal="auto",
        prune_intercepts=True,
        retrain="never",
        n_init=1,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.criterion = criterion
        self.granularity = granularity
        self.feature_groups = feature_groups
        self.sizes = sizes
        self.alphas = alphas
        self.cv = cv
        self.scoring = scoring
        self.selection = selection
        self.teaching_signal = teaching_signal
        self.prune_intercepts = prune_intercepts
        self.retrain = retrain
        self.n_init = n_init
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the size by cross-validation, then train and prune to it on all data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: values, class labels or a label indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, in training, pruning and scoring.
        **params : dict
            `groups` for the splitter and, with metadata routing enabled, whatever the splitter
            and the scorer request.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If `estimator` is frozen, `sizes` cannot be reached, `alphas` are not its, a fold
            trains without one of the classes and the estimator takes no sample weights, or the
            scorer fails (the message names the fold and the size).

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If a network was not trained to a minimum.
        UserWarning
            If the chosen network is no better than a constant on held-out samples; if a class has
            fewer samples than there are folds.
        """
        self._refuse_frozen()
        refuse_non_networks(self.estimator)
        pruning = self._pruning()
        pruning._check_criterion()
        with all_or_nothing(self), one_blas_thread():
            samples, folds, refit_data = self._samples(pruning, X, y, sample_weight, params)
            prunings = _with_alphas(pruning, self.alphas)
            context = self._init_callback_context(
                max_subtasks=len(prunings) * len(folds) + 1, sequential_subtasks=False
            ).call_on_fit_task_begin(estimator=self, X=X, y=y)
            results, constant = self._score_folds(prunings, samples, folds, context)
            best = choose_size_of_path(results, self.selection)
            worst = min(results[f"split{fold}_test_score"][best] for fold in range(len(folds)))
            score = score_function(self.scoring, samples, "all samples")
            alpha = results["alpha"][best] if self.alphas is not None else None
            fitted = _refit(
                self,
                _with_alpha(pruning, alpha),
                refit_data,
                results["n_weights"][best],
                lambda network: score(network) >= worst,
                context.subcontext("refit", len(prunings) * len(folds)),
            )
            self._take_over(fitted)
            self.cv_results_, self.n_splits_ = results, len(folds)
            self.best_index_, self.best_n_weights_ = best, int(results["n_weights"][best])
            self.best_alpha_ = None if alpha is None else float(alpha)
            self.best_score_ = float(results["mean_test_score"][best])
            self.constant_score_ = constant
            self._warn_of_constant(samples.y)
            context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _samples(self, pruning, X, y, sample_weight, params):
        """Validated samples, folds, and what the refit takes; groups of inputs are found here.

        Once: the folds have no names, and not all of the values.
        """
        arrays = check_network_data(self, X, y, sample_weight)
        pruning._check_estimator(arrays[0])
        if is_classifier(self):
            fit_binarizer(arrays[1])
        # Splitters and scorers see the frames that were passed, with their names and index.
        given = tuple(_frame_or_array(*pair) for pair in zip((X, y), arrays))
        folds, score_params = make_folds(self, given, *arrays[1:], params, pruning.random_state)
        groups = pruning._find_groups(arrays[0], getattr(self, "feature_names_in_", None))
        pruning.set_params(feature_groups=groups and groups.as_parameter())
        weights = pruning._weighted(*arrays[1:])
        samples = Samples(*arrays[:2], weights, given, score_params)
        return samples, folds, (X, *arrays[1:])

    def _score_folds(self, prunings, samples, folds, context):
        """cv_results_, and the mean score of a constant."""
        jobs = [(pruning, fold) for pruning in prunings for fold in enumerate(folds)]
        tasks = [context.subcontext("fold", number) for number in range(len(jobs))]
        scored = Parallel(n_jobs=self.n_jobs)(
            # Data as arguments of their own: large ones are shared among the workers.
            delayed(score_fold)(self, pruning, *samples, *fold, task)
            for (pruning, fold), task in zip(jobs, tasks)
        )
        paths = [path for path, _ in scored]
        starts = range(0, len(jobs), len(folds))
        tables = [align(paths[start : start + len(folds)], self.sizes) for start in starts]
        constant = np.mean([score for _, score in scored[: len(folds)]])
        return joined(tables, self.alphas), float(constant)

    def _warn_of_constant(self, y):
        """Tell where the search has found nothing, unless there is nothing but a constant."""
        y = dense(y)
        if (y == y[:1]).all():
            return
        least = self.constant_score_ + _NEGLIGIBLE * abs(self.constant_score_)
        if self.best_score_ <= least or not self.get_support().any():
            warn_user(
                f"The chosen network of {self.n_weights_} weights is no better than a constant on "
                f"held-out samples: its score is {self.best_score_:.4g}, a constant's "
                f"{self.constant_score_:.4g}. Scale the inputs (StandardScaler), try stronger "
                "decays (alphas) or more units, or give more samples; else there is nothing in "
                "these inputs to predict the targets by.",
                UserWarning,
            )

    def _refuse_frozen(self):
        if starts_frozen(self.estimator):
            raise ValueError(
                f"{unwrapped_name(self.estimator)} is, or starts from, a FrozenEstimator, which "
                "was trained on the very samples that each fold holds out, so its scores would be "
                "those of the training. Pass the estimator without FrozenEstimator to have it "
                f"trained in each fold, or prune it with {self._pruning_class.__name__}."
            )

    def _pruning(self):
        """The estimator that trains and prunes in each fold: once, to nothing.

        Down to the smallest of `sizes` alone, a group that does not fit would end the path early.
        """
        names = self._pruning_class().get_params(deep=False).keys() & self.get_params(deep=False)
        shared = {name: getattr(self, name) for name in names}
        seed = self.random_state
        if not isinstance(seed, Integral):
            # One draw for all folds, here: results must not depend on who works first.
            seed = int(check_random_state(seed).randint(np.iinfo(np.int32).max))
        return self._pruning_class(**shared | {"random_state": seed, "n_weights": 0})

    def _default_estimator(self):
        return self._pruning_class()._default_estimator()

    def get_metadata_routing(self):
        """Get metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            What `fit` takes itself (`sample_weight`), and what it hands to the splitter and to
            the scorer.
        """
        return router_of(self, None if self.scoring is None else get_scorer(self.scoring))

    def _take_over(self, best):
        """Have all the fitted attributes of the refitted network."""
        parameters = best.get_params(deep=False)
        vars(self).pop("n_swaps_", None)
        for name, value in vars(best).items():
            if name not in parameters and "callback" not in name:
                setattr(self, name, value)
        self.best_estimator_ = best


def _frame_or_array(given, array):
    """What was passed if it is a data frame or series of the array's shape, else the array."""
    is_frame = hasattr(given, "columns") or hasattr(given, "iloc")
    return given if is_frame and given.shape == array.shape else array


def _with_alphas(pruning, alphas):
    """A pruning estimator for each decay to try, or the one that there is."""
    if alphas is None:
        return [pruning]
    values = np.asarray(alphas)
    is_valid = values.ndim == 1 and len(values) and values.dtype.kind in "iuf"
    if not is_valid or not (np.isfinite(values).all() and values.min() >= 0):
        raise ValueError(
            "alphas must be None or a list of decays, finite numbers of at least 0, got "
            f"{alphas!r}."
        )
    return [_with_alpha(pruning, alpha) for alpha in values]


def _with_alpha(pruning, alpha):
    """A pruning estimator whose network is trained with a decay."""
    if alpha is None:
        return pruning
    trainer = clone(pruning._trainer())
    if "alpha" not in trainer.get_params(deep=False):
        raise ValueError(
            f"alphas are values of the parameter alpha, which {type(trainer).__name__} does not "
            "have; use GridSearchCV, or an estimator such as PenalizedMLPClassifier."
        )
    return clone(pruning).set_params(estimator=trainer.set_params(alpha=float(alpha)))


def _refit(chooser, pruning, data, n_weights, is_enough, task):
    """The pruned network of the chosen size, from all samples.

    A path may take a wrong turn that those of the folds did not. While the network does worse on
    its own samples than all folds did on new ones, further starts are made, one at a time, and
    the one with the least loss is kept.
    """
    pruning = copy.copy(pruning).set_params(n_weights=int(n_weights), n_jobs=chooser.n_jobs)
    task.call_on_fit_task_begin(estimator=chooser, X=data[0], y=data[1])
    best = _pruned_to(n_weights, copy.copy(pruning), *data, task)
    for estimator in _more_starts(pruning):
        if is_enough(best):
            break
        start = copy.copy(pruning).set_params(estimator=estimator, n_init=1)
        start = _pruned_to(n_weights, start, *data, task)
        best = min(best, start, key=lambda network: network.loss_)
    task.call_on_fit_task_end(estimator=chooser, X=data[0], y=data[1])
    return best


def _pruned_to(n_weights, pruning, X, y, sample_weight, task):
    """Fit an estimator to at most so many weights."""
    with task.propagate_callback_context(pruning):
        pruning._fit_starts(X, y, sample_weight, MinWeights(n_weights))
        if pruning.n_weights_ > n_weights:
            # A group did not fit: as in the folds, the next network that the path holds.
            pruning._fit_starts(X, y, sample_weight, Unlimited())
            pruning.set_params(n_weights=pruning.at_size(n_weights).n_weights_)
            pruning._fit_starts(X, y, sample_weight, MinWeights(pruning.n_weights))
    return pruning


def _more_starts(pruning):
    """Estimators with other seeds than those of the first starts."""
    n_init = pruning.n_init
    several = copy.copy(pruning).set_params(n_init=n_init + _MORE_STARTS)
    return list(several._estimators())[n_init:]


class OBSMLPClassifierCV(_OBSMLPCV, NetworkClassifier):
    """Pruned multi-layer perceptron classifier of a size chosen by cross-validation.

    `OBSMLPClassifier` needs to be told when to stop; this one finds out. In each fold one
    training and one pruning path give the score on held-out data at every size, a size is chosen
    from the scores, and one network is trained and pruned to it on all data. Use it where the
    size matters and a single number such as `threshold` would have to be searched; with plenty of
    data, or in a hurry, `OBSMLPClassifier` with its default rule does.

    Parameters
    ----------
    estimator : estimator, default=None
        The network to prune, trained anew in each fold: None is a `PenalizedMLPClassifier`; else a
        scikit-learn `MLPClassifier` or a network estimator of skprune. A `FrozenEstimator`, which
        has seen the folds, is refused.
    criterion : {"obs", "obd", "magnitude", "obs-obd"}, OBS, OBD, Magnitude or ModifiedOBS, \
            default="obs"
        What a deletion is predicted to cost, as in `OBSMLPClassifier`.
    granularity : {"weight", "unit", "input"}, default="weight"
        What a deletion is: a single weight, a hidden unit, or an input, groups being priced
        jointly.
    feature_groups : "auto", dict, list, FeatureGroups or None, default=None
        With ``granularity="input"``: inputs that stand or fall together, such as the one-hot
        columns of one category, priced jointly. A dict of lists of columns (names or indices), a
        list of such lists, or "auto": columns of zeros and ones with the names that
        `OneHotEncoder` gives (``attribute_value``), of which at most one is one. A column in no
        group is one of its own. A `FeatureGroups` object also has what each group costs.
    sizes : None, int or array-like of int, default=None
        Numbers of weights (biases included) to choose from: None for all that the paths hold
        (every one below 65, above one for about each 1/64 of the size), an integer for so many of
        them, spaced geometrically, or the sizes themselves. A fold whose path jumps over a size
        (a unit fell) is represented by its largest network within it.
    alphas : array-like of float or None, default=None
        Weight decays to choose from: values of the estimator's `alpha`, each with paths of its
        own in all folds. None leaves the estimator as it is.
    cv : int, cross-validation generator or iterable, default=None
        The folds: None for five stratified folds, an integer for so many, both shuffled by
        `random_state`; a splitter, or pairs of training and test indices.
    scoring : str, callable or None, default=None
        Larger is better; None is the network's held-out loss: minus the mean loss of the samples,
        without weight decay, their weights (and those of their classes) counted. A scorer, such
        as "accuracy", gets the sample weights alone. Like `cv` it sees data frames as they came.
    selection : {"one_se", "best"} or callable, default="one_se"
        "best" takes the size with the highest mean score (the smallest of several); "one_se" the
        smallest one whose mean score is no more than one standard error of the difference below
        that (nor of the mean), folds being compared one by one; a callable is given `cv_results_`
        and returns the row it chooses. Of several decays at a size the best one counts.
    teaching_signal : {"auto", "reference", "data"}, default="auto"
        What pruning goes by, as in `OBSMLPClassifier`.
    prune_intercepts : bool, default=True
        Whether biases may be deleted of their own. A bias goes with its unit in any case; those of
        the outputs stay, so that the smallest network gives the base rates, or the mean.
    retrain : {"auto", "never", "final", "always"}, default="never"
        Train the survivors: "never", which leaves all correction to the pruning and
        takes the scores straight from the path; "final", each network before it is scored, and
        the one that is chosen, as does "auto"; "always", after each linearisation as well.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Factors of the sample weights by class, in training, pruning and validation; "balanced"
        gives all classes the same total weight. With several labels, a dict for all of them or a
        list with one a label: the factors of a sample's labels are multiplied. Not to be given to
        the network's estimator as well.
    n_init : int, default=1
        Number of networks trained and pruned in each fold; at each size the one with the lowest
        training loss counts. Worth a few where small networks are stuck in poor minima.
    random_state : int, RandomState instance or None, default=None
        Draws the seed of the estimator, as in `OBSMLPClassifier`, the same for each fold, and
        shuffles the folds.
    n_jobs : int or None, default=None
        Number of joblib workers for the folds. Results do not depend on it.
    verbose : int, default=0
        Print a line for each block of deletions.

    Attributes
    ----------
    best_n_weights_ : int
        The chosen size.
    best_alpha_ : float or None
        The chosen decay, None without `alphas`.
    best_score_ : float
        The mean score over the folds of networks of this size.
    constant_score_ : float
        What the best constant of each training part (base rates, the mean) scores on held-out
        samples: a network that is no better has found nothing.
    best_index_ : int
        Its row in `cv_results_`.
    cv_results_ : dict of str to ndarray of shape (n_sizes,)
        In rows of rising `n_weights` (and `alpha`, with `alphas`): `split0_test_score` and so on,
        the score of each fold's network of at most this size, and `split0_n_weights`, how many
        weights it has;
        `mean_test_score`, `std_test_score` (over the folds, not their standard error) and
        `rank_test_score`.
    n_splits_ : int
        Number of folds.
    best_estimator_ : OBSMLPClassifier
        The network pruned to the chosen size on all data, where all of what follows comes from.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer, zero where deleted.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer, zero where deleted.
    direct_coef_ : ndarray of shape (n_features, n_outputs) or None
        Weights of the direct links from inputs to outputs, zero where deleted, if the trained
        network has any.
    coef_masks_ : list of ndarray of shape (n_inputs, n_units)
        True where a weight was kept.
    intercept_masks_ : list of ndarray of shape (n_units,)
        True where a bias was kept.
    direct_mask_ : ndarray of shape (n_features, n_outputs) or None
        True where a direct link was kept.
    n_weights_ : int
        Number of weights kept, biases included; below `best_n_weights_` where no network of just
        that size can be reached.
    hidden_layer_sizes_ : tuple of int
        Number of units alive in each hidden layer.
    path_ : dict of str to ndarray of shape (n_deletions,)
        The deletions in their order, as in `OBSMLPClassifier`.
    feature_importances_ : ndarray of shape (n_features,)
        Second-order rise of the loss when an input is cut, as shares of one. With
        `feature_groups` each input has the importance of its group, which is cut as a whole, and
        the groups' importances sum to one.
    feature_groups_ : dict of str to ndarray of int, or None
        Columns of each group, single inputs included, if `feature_groups` is given.
    activations_ : list of str
        Activation of each layer, the output's last.
    out_activation_ : str
        Activation of the output units.
    loss_function_ : str
        The loss.
    alpha_ : float or None
        Weight decay that was used; None where weights differ in it.
    input_noise_ : float
        Noise on the inputs that the network was trained and pruned with, as in
        `PenalizedMLPClassifier`.
    loss_ : float
        Mean loss of the pruned network, weight decay included.
    divergence_ : float or None
        How far predictions have moved from those of the unpruned network, as in `OBSMLPClassifier`.
    max_divergence_ : None
        Divergence was no rule.
    n_effective_ : float or None
        Well-determined parameters of the unpruned network, as in `OBSMLPClassifier`.
    stopped_by_ : str
        The rule that bound: "n_weights", "exhausted" or "callback".
    n_linearizations_, n_retrainings_ : int
        Number of quadratic models made, and of trainings of the survivors.
    estimator_ : estimator
        The network before pruning.
    n_layers_ : int
        Number of layers, inputs included.
    n_outputs_ : int
        Number of output units.
    n_features_in_ : int
        Number of inputs.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the inputs, when they have names that are strings.

    See Also
    --------
    OBSMLPClassifier : Prunes until a rule binds on the training data; faster.
    sklearn.model_selection.GridSearchCV : For the parameters that have no path.

    Notes
    -----
    With K folds the cost is that of K + 1 fits of `OBSMLPClassifier(n_weights=...)`, all but one
    of them along the whole path, and, unless `retrain="never"`, of one retraining a fold and
    size: O(P n) operations an iteration for P samples and n weights. `GridSearchCV` over s sizes
    takes K s + 1 fits. Memory is that of one fit a worker.

    The scores are those of `OBSMLPClassifier(n_weights=n)` trained on the folds, wherever its path
    holds a network of exactly n weights. The best score of many sizes is an optimistic estimate:
    test the chosen network on samples that `fit` has not seen, or in an outer cross-validation.

    References
    ----------
    HS93: the pruning.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skprune import OBSMLPClassifierCV, PenalizedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = PenalizedMLPClassifier((3,), alpha=0.1)
    >>> model = OBSMLPClassifierCV(network, random_state=0)
    >>> model = model.fit(scale(X), y)
    >>> model.n_weights_ < 27, model.best_score_ > -0.2
    (True, True)
    """

    _parameter_constraints: dict = {
        **_OBSMLPCV._parameter_constraints,
        "class_weight": CLASS_WEIGHT,
    }
    _pruning_class = OBSMLPClassifier

    def __init__(
        self,
        estimator=None,
        *,
        criterion="obs",
        granularity="weight",
        feature_groups=None,
        sizes=None,
        alphas=None,
        cv=None,
        scoring=None,
        selection="one_se",
        teaching_signal="auto",
        prune_intercepts=True,
        retrain="never",
        class_weight=None,
        n_init=1,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        super().__init__(
            estimator,
            criterion=criterion,
            granularity=granularity,
            feature_groups=feature_groups,
            sizes=sizes,
            alphas=alphas,
            cv=cv,
            scoring=scoring,
            selection=selection,
            teaching_signal=teaching_signal,
            prune_intercepts=prune_intercepts,
            retrain=retrain,
            n_init=n_init,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.class_weight = class_weight


class OBSMLPRegressorCV(_OBSMLPCV, NetworkRegressor):
    """Pruned multi-layer perceptron regressor of a size chosen by cross-validation.

    The regression counterpart of `OBSMLPClassifierCV`: in each fold one training and one pruning
    path give the score on held-out data at every size, a size is chosen from the scores, and one
    network is trained and pruned to it on all data. Scale the targets
    (`sklearn.compose.TransformedTargetRegressor`) when they are far from one.

    Parameters
    ----------
    estimator : estimator, default=None
        The network to prune, trained anew in each fold: None is a `PenalizedMLPRegressor`; else a
        scikit-learn `MLPRegressor` or a network estimator of skprune. A `FrozenEstimator`, which
        has seen the folds, is refused.
    criterion : {"obs", "obd", "magnitude", "obs-obd"}, OBS, OBD, Magnitude or ModifiedOBS, \
            default="obs"
        What a deletion is predicted to cost, as in `OBSMLPRegressor`.
    granularity : {"weight", "unit", "input"}, default="weight"
        What a deletion is: a single weight, a hidden unit, or an input, groups being priced
        jointly.
    feature_groups : "auto", dict, list, FeatureGroups or None, default=None
        With ``granularity="input"``: inputs that stand or fall together, such as the one-hot
        columns of one category, priced jointly. A dict of lists of columns (names or indices), a
        list of such lists, or "auto": columns of zeros and ones with the names that
        `OneHotEncoder` gives (``attribute_value``), of which at most one is one. A column in no
        group is one of its own. A `FeatureGroups` object also has what each group costs.
    sizes : None, int or array-like of int, default=None
        Numbers of weights (biases included) to choose from: None for all that the paths hold
        (every one below 65, above one for about each 1/64 of the size), an integer for so many of
        them, spaced geometrically, or the sizes themselves. A fold whose path jumps over a size
        (a unit fell) is represented by its largest network within it.
    alphas : array-like of float or None, default=None
        Weight decays to choose from: values of the estimator's `alpha`, each with paths of its
        own in all folds. None leaves the estimator as it is.
    cv : int, cross-validation generator or iterable, default=None
        The folds: None for five folds, an integer for so many, both shuffled by `random_state`; a
        splitter, or pairs of training and test indices.
    scoring : str, callable or None, default=None
        Larger is better; None is the network's held-out loss: minus the mean loss of the samples
        (half the squared error summed over the outputs, or half the Poisson deviance), without
        weight decay, their weights counted. Like `cv` it sees data frames as they came.
    selection : {"one_se", "best"} or callable, default="one_se"
        "best" takes the size with the highest mean score (the smallest of several); "one_se" the
        smallest one whose mean score is no more than one standard error of the difference below
        that (nor of the mean), folds being compared one by one; a callable is given `cv_results_`
        and returns the row it chooses. Of several decays at a size the best one counts.
    teaching_signal : {"auto", "reference", "data"}, default="auto"
        What pruning goes by, as in `OBSMLPRegressor`.
    prune_intercepts : bool, default=True
        Whether biases may be deleted of their own. A bias goes with its unit in any case; those of
        the outputs stay, so that the smallest network gives the base rates, or the mean.
    retrain : {"auto", "never", "final", "always"}, default="never"
        Train the survivors: "never", which leaves all correction to the pruning and
        takes the scores straight from the path; "final", each network before it is scored, and
        the one that is chosen, as does "auto"; "always", after each linearisation as well.
    n_init : int, default=1
        Number of networks trained and pruned in each fold; at each size the one with the lowest
        training loss counts. Worth a few where small networks are stuck in poor minima.
    random_state : int, RandomState instance or None, default=None
        Draws the seed of the estimator, as in `OBSMLPRegressor`, the same for each fold, and
        shuffles the folds.
    n_jobs : int or None, default=None
        Number of joblib workers for the folds. Results do not depend on it.
    verbose : int, default=0
        Print a line for each block of deletions.

    Attributes
    ----------
    best_n_weights_ : int
        The chosen size.
    best_alpha_ : float or None
        The chosen decay, None without `alphas`.
    best_score_ : float
        The mean score over the folds of networks of this size.
    constant_score_ : float
        What the best constant of each training part (base rates, the mean) scores on held-out
        samples: a network that is no better has found nothing.
    best_index_ : int
        Its row in `cv_results_`.
    cv_results_ : dict of str to ndarray of shape (n_sizes,)
        In rows of rising `n_weights` (and `alpha`, with `alphas`): `split0_test_score` and so on,
        the score of each fold's network of at most this size, and `split0_n_weights`, how many
        weights it has;
        `mean_test_score`, `std_test_score` (over the folds, not their standard error) and
        `rank_test_score`.
    n_splits_ : int
        Number of folds.
    best_estimator_ : OBSMLPRegressor
        The network pruned to the chosen size on all data, where all of what follows comes from.
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer, zero where deleted.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer, zero where deleted.
    direct_coef_ : ndarray of shape (n_features, n_outputs) or None
        Weights of the direct links from inputs to outputs, zero where deleted, if the trained
        network has any.
    coef_masks_ : list of ndarray of shape (n_inputs, n_units)
        True where a weight was kept.
    intercept_masks_ : list of ndarray of shape (n_units,)
        True where a bias was kept.
    direct_mask_ : ndarray of shape (n_features, n_outputs) or None
        True where a direct link was kept.
    n_weights_ : int
        Number of weights kept, biases included; below `best_n_weights_` where no network of just
        that size can be reached.
    hidden_layer_sizes_ : tuple of int
        Number of units alive in each hidden layer.
    path_ : dict of str to ndarray of shape (n_deletions,)
        The deletions in their order, as in `OBSMLPRegressor`.
    feature_importances_ : ndarray of shape (n_features,)
        Second-order rise of the loss when an input is cut, as shares of one. With
        `feature_groups` each input has the importance of its group, which is cut as a whole, and
        the groups' importances sum to one.
    feature_groups_ : dict of str to ndarray of int, or None
        Columns of each group, single inputs included, if `feature_groups` is given.
    activations_ : list of str
        Activation of each layer, the output's last.
    out_activation_ : str
        Activation of the output units.
    loss_function_ : str
        The loss.
    alpha_ : float or None
        Weight decay that was used; None where weights differ in it.
    input_noise_ : float
        Noise on the inputs that the network was trained and pruned with, as in
        `PenalizedMLPRegressor`.
    loss_ : float
        Mean loss of the pruned network, weight decay included.
    divergence_ : float or None
        How far predictions have moved from those of the unpruned network, as in `OBSMLPRegressor`.
    max_divergence_ : None
        Divergence was no rule.
    n_effective_ : float or None
        Well-determined parameters of the unpruned network, as in `OBSMLPRegressor`.
    stopped_by_ : str
        The rule that bound: "n_weights", "exhausted" or "callback".
    n_linearizations_, n_retrainings_ : int
        Number of quadratic models made, and of trainings of the survivors.
    estimator_ : estimator
        The network before pruning.
    n_layers_ : int
        Number of layers, inputs included.
    n_outputs_ : int
        Number of output units.
    n_features_in_ : int
        Number of inputs.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the inputs, when they have names that are strings.

    See Also
    --------
    OBSMLPRegressor : Prunes until a rule binds on the training data; faster.
    sklearn.model_selection.GridSearchCV : For the parameters that have no path.

    Notes
    -----
    With K folds the cost is that of K + 1 fits of `OBSMLPRegressor(n_weights=...)`, all but one
    of them along the whole path, and, unless `retrain="never"`, of one retraining a fold and
    size: O(P n) operations an iteration for P samples and n weights. `GridSearchCV` over s sizes
    takes K s + 1 fits. Memory is that of one fit a worker.

    The scores are those of `OBSMLPRegressor(n_weights=n)` trained on the folds, wherever its path
    holds a network of exactly n weights. The best score of many sizes is an optimistic estimate:
    test the chosen network on samples that `fit` has not seen, or in an outer cross-validation.

    References
    ----------
    HS93: the pruning.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.preprocessing import scale
    >>> from skprune import OBSMLPRegressorCV, PenalizedMLPRegressor
    >>> X, y = make_friedman1(200, random_state=0)
    >>> network = PenalizedMLPRegressor((5,), alpha=0.1)
    >>> model = OBSMLPRegressorCV(network, granularity="input", random_state=0)
    >>> model = model.fit(X, scale(y))
    >>> model.get_support(indices=True)
    array([0, 1, 2, 3, 4])
    """

    _pruning_class = OBSMLPRegressor
