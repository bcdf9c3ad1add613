"""Networks pruned by Optimal Brain Surgeon and its relatives."""

from dataclasses import replace
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions
from sklearn.utils.parallel import Parallel, delayed

from ..._estimator.class_weight import (
    CLASS_WEIGHT,
    as_dicts,
    check_one_class_weight,
    weights_by_class,
)
from ..._estimator.compat import CallbackSupportMixin, with_callbacks
from ..._estimator.hold_out import hold_out
from ..._estimator.labels import fit_binarizer
from ..._estimator.transaction import all_or_nothing
from ..._fitted.frozen import is_frozen, starts_frozen, unwrap_frozen, unwrapped_name
from ..._fitted.loss import input_noise_of
from ..._fitted.reading import check_frozen_inputs, refuse_non_networks
from ..._fitted.targets import check_network_data, encode_labels, encode_values, known_binarizer
from ..._numerics.arrays import largest_sizes
from ..._numerics.threads import one_blas_thread
from .._base import NetworkClassifier, NetworkRegressor
from .._parameters.criteria import CRITERIA, Magnitude, as_criterion
from .._parameters.feature_groups import FeatureGroups, resolve_groups
from .._parameters.modified_obs import ModifiedOBS
from .._penalized import PenalizedMLPClassifier, PenalizedMLPRegressor
from .fitted import PrunedNetwork
from .owner import OwnsTrainer
from .plan import contenders, looks_at_reference, prune_start, stop_rules
from .size_by_estimate import choose_size, finish, objective_on
from .starts import train_start


class BaseOBSMLP(PrunedNetwork, OwnsTrainer, CallbackSupportMixin):
    """What the classifier and the regressor share: all but the targets."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "criterion": [StrOptions(set(CRITERIA)), *CRITERIA.values()],
        "granularity": [StrOptions({"weight", "unit", "input"})],
        "feature_groups": [StrOptions({"auto"}), dict, "array-like", FeatureGroups, None],
        "threshold": [Interval(Real, 0, 1, closed="both"), None],
        "max_saliency": [Interval(Real, 0, None, closed="left"), None],
        "max_divergence": [Interval(Real, 0, None, closed="left"), None],
        "n_weights": [
            Interval(Integral, 0, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
            None,
        ],
        "n_inputs": [
            Interval(Integral, 0, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
            None,
        ],
        "stopping": [StrOptions({"auto", "evidence", "bic", "fpe", "validation"}), None],
        "teaching_signal": [StrOptions({"auto", "reference", "data"})],
        "prune_intercepts": ["boolean"],
        "retrain": [StrOptions({"auto", "never", "final", "always"})],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        criterion="obs",
        granularity="weight",
        feature_groups=None,
        threshold=None,
        max_saliency=None,
        max_divergence=None,
        n_weights=None,
        n_inputs=None,
        stopping="auto",
        teaching_signal="auto",
        prune_intercepts=True,
        retrain="auto",
        n_init=1,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.criterion = criterion
        self.granularity = granularity
        self.feature_groups = feature_groups
        self.threshold = threshold
        self.max_saliency = max_saliency
        self.max_divergence = max_divergence
        self.n_weights = n_weights
        self.n_inputs = n_inputs
        self.stopping = stopping
        self.teaching_signal = teaching_signal
        self.prune_intercepts = prune_intercepts
        self.retrain = retrain
        self.n_init = n_init
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    # ---- fit -------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network (unless it is frozen) and prune it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: values, class labels or a label indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, in training and in pruning; a weight of zero leaves a
            sample out.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Inputs of samples to choose the size by, which is what `stopping` then is; otherwise a
            fifth of X. In a pipeline, name it in `transform_input`.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the stop rules are contradictory, or `n_weights` or `n_inputs` more than there are;
            if samples for validation are not complete, or nothing would look at them; if
            `estimator` is a pipeline, holds no network, or (frozen) was trained on other
            columns or classes.
        sklearn.exceptions.NotFittedError
            If `estimator` is frozen but not fitted.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the network was not trained to a minimum, as OBS assumes. Its first-order term
            takes the remaining gradient into account.
        UserWarning
            If it was trained on inputs so large that units hardly learn.
        """
        given = (X_val, y_val, sample_weight_val)
        self._check_validation(given)
        self._check_rules(is_given=X_val is not None)
        with all_or_nothing(self), one_blas_thread():
            self._fit_starts(X, y, sample_weight, given=None if X_val is None else given)
        return self

    @with_callbacks
    def _fit_starts(self, X, y, sample_weight, rule=None, given=None):
        """Train and prune all starts, take the best one, and return them all."""
        self._stopping = self.stopping
        if self.stopping == "auto":
            self._stopping = None if given is None else "validation"
        # Before it is trained, or the first steps of a pipeline, which see raw tables, are missed.
        refuse_non_networks(self.estimator)
        X, y, sample_weight = check_network_data(self, X, y, sample_weight)
        validation = given and self._validated(given, y, sample_weight)
        sample_weight = self._weighted(y, sample_weight)
        self._check_estimator(X)
        self._groups = self._find_groups(X, getattr(self, "feature_names_in_", None))
        samples = (X, y, sample_weight)
        if self._stopping == "validation" and given is None:
            (X, y, sample_weight), validation = hold_out(self, *samples)
        encode = self._make_encoder(y)
        context = self._init_callback_context(
            max_subtasks=self.n_init, sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self, X=X, y=y)
        data = (X, y, encode, sample_weight, looks_at_reference(self))
        starts = self._run(train_start, [(estimator, *data) for estimator in self._estimators()])
        if rule is None:
            starts = contenders(self, starts)
            rules, self.max_divergence_ = stop_rules(self, starts)
        else:
            rules, self.max_divergence_ = [rule] * len(starts), None
        calls = [(s, rule) for s, rule in zip(starts, rules) if rule.forbids(s) is None]
        tasks = [context.subcontext("start", number, None) for number in range(len(calls))]
        starts = self._run(prune_start, [(self, *call, task) for call, task in zip(calls, tasks)])
        self.stopping_curve_ = None
        if self._stopping is None:
            best = min(starts, key=lambda start: (len(start.kept), start.data_loss))
        else:
            best, self.stopping_curve_ = choose_size(self, starts, validation)
            if validation is not None and given is None and self._retrain != "never":
                # The size is known: no need to do without the others any more.
                objective = objective_on(self, best.start, samples, trained=True)
                best = replace(best, start=best.start.on(objective))
                best = finish(best, best.kept, best.w[best.kept], self._retrain)
        self._take(best)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return starts

    def _run(self, function, calls):
        """Results of a function for several arguments; a single call stays in this process."""
        if len(calls) == 1:
            return [function(*calls[0])]
        return Parallel(n_jobs=self.n_jobs)(delayed(function)(*call) for call in calls)

    def _validated(self, given, *like):
        """Samples for validation, with weights as their classes have in training."""
        X, y, sample_weight = check_network_data(self, *given, reset=False)
        return X, y, self._weighted(y, sample_weight, like)

    def _check_validation(self, given):
        """Inputs and targets come together, and for what looks at them."""
        names = [
            name
            for name, value in zip(("X_val", "y_val", "sample_weight_val"), given)
            if value is not None
        ]
        if names and not {"X_val", "y_val"} <= set(names):
            raise ValueError(
                f"fit got {' and '.join(names)}, but samples for validation are X_val and y_val "
                "(and sample_weight_val, if they have weights); pass both."
            )
        if names and self.stopping not in ("auto", "validation"):
            raise ValueError(
                f"X_val is for stopping='validation', but stopping={self.stopping!r}; leave out "
                "X_val and y_val, or use stopping='auto'."
            )

    def _check_rules(self, is_given=False):
        self._check_criterion()
        if self.n_inputs is not None and self.granularity != "input":
            raise ValueError(
                f"n_inputs={self.n_inputs} counts inputs, which granularity={self.granularity!r} "
                "does not delete whole; use granularity='input', or n_weights."
            )
        if self.stopping == "validation" and not is_given and starts_frozen(self.estimator):
            raise ValueError(
                "stopping='validation' holds out samples, but "
                f"{unwrapped_name(self.estimator)} is, or starts from, a frozen "
                "network that was trained on them; pass others as X_val and y_val, use "
                "stopping='fpe', or pass the estimator without FrozenEstimator."
            )
        if self.stopping == "evidence":
            self._check_evidence()
        if isinstance(as_criterion(self.criterion), Magnitude) and self.max_saliency is not None:
            raise ValueError(
                f"max_saliency={self.max_saliency} is relative to the loss, but the saliency of "
                "criterion='magnitude' is a squared weight; use max_divergence or n_weights, or "
                "criterion='obs' or 'obd'."
            )

    def _check_evidence(self):
        """A determinant that is to be integrated over must be positive."""
        if getattr(as_criterion(self.criterion), "curvature", None) == "hessian":
            raise ValueError(
                "stopping='evidence' needs a positive definite curvature, which that of "
                "OBS(curvature='hessian') need not be; use curvature='auto', or stopping='bic'."
            )

    @property
    def _retrain(self):
        """When the survivors are trained: a frozen network is pruned as it is."""
        if self.retrain != "auto":
            return self.retrain
        return "never" if is_frozen(self.estimator) else "final"

    def _check_criterion(self):
        """Its constants must be valid; HS97's algorithm deletes single weights."""
        criterion = as_criterion(self.criterion)
        criterion._validate()
        if isinstance(criterion, ModifiedOBS) and self.granularity != "weight":
            raise ValueError(
                "criterion='obs-obd' deletes single weights, got "
                f"granularity={self.granularity!r}; use 'weight', or criterion='obs'."
            )

    def _check_estimator(self, X):
        """The estimator must be of our kind; a frozen one must fit the data."""
        given = self.estimator
        if given is None:
            return
        if is_classifier(unwrap_frozen(given)) != is_classifier(self):
            wanted = "classifier" if is_classifier(self) else "regressor"
            raise ValueError(
                f"{type(self).__name__} needs a {wanted}, got {unwrapped_name(given)}; use the "
                "pruning estimator of the same kind."
            )
        if is_frozen(given):
            self._check_frozen(given, X)

    def _find_groups(self, X, names):
        """Groups of inputs, or None."""
        if self.feature_groups is None:
            return None
        if self.granularity != "input":
            raise ValueError(
                f"feature_groups are deleted whole, which granularity={self.granularity!r} does "
                "not do; use granularity='input', or leave feature_groups out."
            )
        return resolve_groups(self.feature_groups, names, X)

    def _check_frozen(self, frozen, X):
        if self.n_init > 1:
            raise ValueError(
                f"n_init={self.n_init} trains several networks, but the estimator is frozen; use "
                "n_init=1, or pass the estimator without FrozenEstimator."
            )
        check_frozen_inputs(self, frozen, X)

    def _estimators(self):
        """An estimator to train for each start."""
        random_state = check_random_state(self.random_state)
        given = self._trainer()
        for _ in range(self.n_init):
            estimator = clone(given)
            if not is_frozen(given):
                parameters = estimator.get_params(deep=True)
                names = [n for n in sorted(parameters) if n.split("__")[-1] == "random_state"]
                seeds = {n: random_state.randint(np.iinfo(np.int32).max) for n in names}
                estimator.set_params(
                    **{n: s for n, s in seeds.items() if self.n_init > 1 or parameters[n] is None}
                )
            yield estimator

    def _take(self, pruned):
        """Set the fitted attributes from the best start."""
        objective = pruned.start.objective
        vars(self).pop("n_swaps_", None)
        self._network, self._path = objective.network, pruned.path
        self._set_pruned(pruned.kept, pruned.w)
        self._largest_inputs = largest_sizes(objective.X)
        self.estimator_, self.loss_ = pruned.start.estimator, pruned.loss
        self._set_decay(pruned.start.alpha, pruned.start.alphas)
        self.input_noise_ = input_noise_of(self.estimator_)
        reference = pruned.start.reference
        self.path_ = pruned.path.to_arrays(pruned.start.loss_unit)
        self.n_effective_ = None if reference is None else reference.n_effective
        self.divergence_ = None if reference is None else reference.divergence(pruned.w)
        self.feature_groups_ = None if self._groups is None else self._groups.columns
        self.feature_importances_ = self._importances(objective, pruned.w)
        for name, value in pruned.counts.items():
            setattr(self, name, value)


class OBSMLPClassifier(BaseOBSMLP, NetworkClassifier):
    """Multi-layer perceptron classifier pruned by Optimal Brain Surgeon.

    Trains a network, or takes a trained one, and deletes the weights (or hidden units, or inputs)
    that cost least, correcting the others in the same step, until a stop rule binds. What is
    left is a small network with the accuracy of the large one: to read, to draw, to ship. Use it
    in the place of `MLPClassifier` on tabular data, last in a pipeline; use a linear model
    where one does as well, and a framework with accelerators for networks of millions of weights.

    Parameters
    ----------
    estimator : estimator, default=None
        The network to prune: None trains a `PenalizedMLPClassifier`; a scikit-learn
        `MLPClassifier` or a network estimator of skprune is cloned and trained; a
        `FrozenEstimator` around a fitted one is pruned as it is, the original staying untouched.
        Put a pruning estimator last in a pipeline, not a pipeline here.
    criterion : {"obs", "obd", "magnitude", "obs-obd"}, OBS, OBD, Magnitude or ModifiedOBS, \
            default="obs"
        What a deletion is predicted to cost. "obs" (HS93 eq. 5) takes all of the curvature into
        account and corrects the surviving weights; "obd" takes its diagonal and leaves them as
        they are; "magnitude" deletes the smallest weights. "obs-obd" is the modified OBS of HS97,
        which tries the candidates of both and keeps the better one, for single weights.
        `OBS`, `OBD`, `Magnitude` and `ModifiedOBS` carry the constants of each: when the model of
        the loss is made anew, the damping, the form of the curvature.
    granularity : {"weight", "unit", "input"}, default="weight"
        What a deletion is: a single weight, a hidden unit, or an input, groups being priced
        jointly.
    feature_groups : "auto", dict, list, FeatureGroups or None, default=None
        With ``granularity="input"``: inputs that stand or fall together, such as the one-hot
        columns of one category, priced jointly. A dict of lists of columns (names or indices), a
        list of such lists, or "auto": columns of zeros and ones with the names that
        `OneHotEncoder` gives (``attribute_value``), of which at most one is one. A column in no
        group is one of its own. A `FeatureGroups` object also has what each group costs.
    threshold : float or None, default=None
        Stop before the explained deviance (D2, for squared errors R2) of the training data has
        fallen by more than this, from 0 to 1: 0.01 is one point of a hundred. Made for grids, where
        the targets are to be fitted closely.
    max_saliency : float or None, default=None
        Stop when the next saliency is more than this many times the current mean loss (HS93's
        rule). Not for "magnitude", whose saliency is no loss.
    max_divergence : float or None, default=None
        Stop before predictions have moved away from those of the unpruned network, the
        *reference*, by more than this share of what it is unsure of itself: a divergence
        KL(reference || network), summed over the samples, of ``n_effective_ / 2`` nats. It has no
        scale: for grids, 0.03 to 3 is a range. None is no limit when another rule or a `stopping`
        is given; without these (and a `threshold` of 0.01 for `ModifiedOBS`) it is 0.1 or, where
        folds are cheap, the largest of 0.1, 0.3 and 1 whose networks are as good on held-out
        samples, by one standard error, as the best: `max_divergence_`.
    n_weights : int, float or None, default=None
        Stop at this many weights (biases included), or this fraction of the network's. A few more
        are left where each of the last ones would take others with it, and biases of outputs stay.
    n_inputs : int, float or None, default=None
        Stop at this many inputs, or this fraction of those that the network uses, a group of
        `feature_groups` counting as one; with ``granularity="input"``.
    stopping : {"auto", "evidence", "bic", "fpe", "validation"} or None, default="auto"
        Choose the size by what the data say for it, or by an estimate of the loss on new samples,
        instead of a rule for the training samples: along the path, as far as rules given explicitly
        allow. "evidence" goes by the log evidence (of one mode, by Laplace's method), weights and
        decays settled at each size, the latter tied to those of the unpruned network; "bic" by
        ``-log likelihood + n / 2 log S`` of n weights and S samples. Both take the smallest network
        within a nat of the best, of a path down to a constant (survivors are trained after each
        linearisation, but for ``retrain="never"``). Evidence needs a weight decay, found by itself
        if possible (``alpha="auto"``): it is the precision of the weights' prior. "fpe" takes the
        size with the least final prediction error, from all samples and the exact curvature of
        each network looked at (n^3 operations and 8 n^2 bytes); "validation" goes by the loss on
        `X_val` and `y_val` of `fit` or, without these, on a fifth of the samples, held out of
        training and pruning, which the last training, to which `threshold` does not apply, has
        again. It takes the smallest network whose loss is no more than one standard error of the
        difference (nor of the mean) above the least. "auto" is "validation" where `X_val` is
        given, else None, which stops where a rule binds.
    teaching_signal : {"auto", "reference", "data"}, default="auto"
        What pruning and retraining go by: the outputs of the unpruned network (HS93 section 4), of
        which the noise of the targets is gone and which need hardly any weight decay, or the
        targets. "auto" is "data" with `threshold`, `max_saliency`, `stopping` or `ModifiedOBS`,
        and "reference" otherwise.
    prune_intercepts : bool, default=True
        Whether biases may be deleted of their own. A bias goes with its unit in any case; those of
        the outputs stay, so that the smallest network gives the base rates, or the mean.
    retrain : {"auto", "never", "final", "always"}, default="auto"
        Train the surviving weights: not at all; when a rule binds, and prune on while it then
        allows; or also, briefly, after each linearisation. "auto" is "never" for a frozen network,
        which is pruned as it is, and "final" otherwise. Training is by damped Gauss-Newton steps
        towards a reference and by L-BFGS towards the data. With `stopping`, "final" and "always"
        train each network before it is judged, and the one chosen, at last, on all samples.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Factors of the sample weights by class, in training, pruning and validation; "balanced"
        gives all classes the same total weight. With several labels, a dict for all of them or a
        list with one a label: the factors of a sample's labels are multiplied. Not to be given to
        the network's estimator as well.
    n_init : int, default=1
        Number of networks trained and pruned from different initial weights. The smallest one
        within the rule wins, the lower loss breaking ties. The fall that `threshold` allows is
        counted from the best of the trained networks; with `max_divergence`, networks that are
        worse than this one before pruning by more than pruning may change are left out.
    random_state : int, RandomState instance or None, default=None
        Draws the seed of the estimator (of each start, when `n_init` is more than 1; otherwise
        only if its own `random_state` is None).
    n_jobs : int or None, default=None
        Number of joblib workers for the starts or, with `n_init=1`, for chunks of patterns in
        the curvature.
    verbose : int, default=0
        Print a line for each block of deletions.

    Attributes
    ----------
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
        Number of weights kept, biases included.
    hidden_layer_sizes_ : tuple of int
        Number of units alive in each hidden layer.
    path_ : dict of str to ndarray of shape (n_deletions,)
        The deletions in their order: `n_weights` left after it; the `layer` and `index` of the
        deleted weight (its position in the layer's ``[coef; intercept]``, row by row; direct
        links are the layer after the last, their index that in `direct_coef_`; else the hidden
        layer and unit, or 0 and the input); its `saliency`; the `predicted_loss` and
        the `loss` after it, weight decay included (`predicted_loss` is nan for "magnitude");
        towards a reference both, and the saliency, are divergences from it in nats;
        `evaluated`, whether the loss was measured there or is interpolated. Losses are those
        right after the deletion, before any retraining. A weight without which others are of no
        use takes these along.
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
    alphas_ : dict of str to float or ndarray
        Decays of the weights by the attribute that holds them, where they differ: those of the
        unpruned network, or with ``stopping="evidence"`` those that settled at the chosen size.
    input_noise_ : float
        Noise on the inputs that the network was trained and pruned with, as in
        `PenalizedMLPClassifier`.
    loss_ : float
        Mean loss of the pruned network, weight decay included; with ``stopping="validation"``
        and ``retrain="never"``, on the samples that were not held out.
    divergence_ : float or None
        KL(reference || pruned network), summed over the samples, in nats, for squared errors with
        the noise variance that the reference leaves; None where no reference was looked at.
    max_divergence_ : float or None
        The share that `max_divergence` was, None where that was no rule.
    n_effective_ : float or None
        Well-determined parameters of the reference: half as many nats is what it is expected to be
        off by. (Without weight decay each weight counts.)
    stopped_by_ : str
        The rule that bound: "threshold", "max_saliency", "max_divergence", "n_weights", "n_inputs",
        "exhausted" (no candidate was left), "callback", or the value of `stopping` if that chose a
        size before the path's end.
    stopping_curve_ : dict of str to ndarray of shape (n_sizes,), or None
        With `stopping`, what it goes by (`estimate`: the estimated mean loss on new samples, or, in
        nats, minus the log evidence, or half of BIC; lower is better) for networks of rising size
        (`n_weights`): each one up to 64 weights, above in steps of a tenth. `path_` then goes on
        beyond the network that was chosen.
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
    PenalizedMLPClassifier : The trainer used by default.
    OBS : The constants of the default criterion.

    Notes
    -----
    `OBS` tells what the default criterion costs, in time and memory. Of more than 128 units or
    inputs several are deleted before all of them are priced again.

    Without a rule, folds train and prune the network five times more, in some seconds: from 50
    samples on, while samples times outputs times the squared number of weights, and its cube, are
    below 1e8.

    References
    ----------
    HS93: eq. 5 (saliency and update), eq. 17 (inverse); the group formula, the first-order term
    and the trust region are in the user guide.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> from skprune import OBSMLPClassifier
    >>> from skprune.datasets import load_monks
    >>> X, y = load_monks(1, return_X_y=True)
    >>> X = OneHotEncoder().fit_transform(X)
    >>> model = OBSMLPClassifier(n_weights=20, random_state=0).fit(X, y)
    >>> model.n_weights_, model.score(X, y)
    (20, 1.0)
    """

    _parameter_constraints: dict = {
        **BaseOBSMLP._parameter_constraints,
        "class_weight": CLASS_WEIGHT,
    }

    def __init__(
        self,
        estimator=None,
        *,
        criterion="obs",
        granularity="weight",
        feature_groups=None,
        threshold=None,
        max_saliency=None,
        max_divergence=None,
        n_weights=None,
        n_inputs=None,
        stopping="auto",
        teaching_signal="auto",
        prune_intercepts=True,
        retrain="auto",
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
            threshold=threshold,
            max_saliency=max_saliency,
            max_divergence=max_divergence,
            n_weights=n_weights,
            n_inputs=n_inputs,
            stopping=stopping,
            teaching_signal=teaching_signal,
            prune_intercepts=prune_intercepts,
            retrain=retrain,
            n_init=n_init,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def _default_estimator(self):
        return PenalizedMLPClassifier()

    def _weighted(self, y, sample_weight, like=None):
        """Weights with those of the classes; ``like``, if given: y and weights of training."""
        if not is_frozen(self.estimator):
            check_one_class_weight(self, self.estimator)
        class_weight = self.class_weight
        if like is not None:
            class_weight = as_dicts(class_weight, *like)
        return weights_by_class(class_weight, y, sample_weight)

    def _make_encoder(self, y):
        if is_frozen(self.estimator):
            self._label_binarizer = known_binarizer(self.estimator, y)
        else:
            self._label_binarizer = fit_binarizer(y)
        self.classes_ = self._label_binarizer.classes_
        return partial(encode_labels, self._label_binarizer, y)


class OBSMLPRegressor(BaseOBSMLP, NetworkRegressor):
    """Multi-layer perceptron regressor pruned by Optimal Brain Surgeon.

    The regression counterpart of `OBSMLPClassifier`: trains a network, or takes a trained one,
    and deletes the weights (or hidden units, or inputs) that cost least, correcting the others
    in the same step, until a stop rule binds. Use it in the place of `MLPRegressor` on tabular
    data, last in a pipeline; scale the targets (`sklearn.compose.TransformedTargetRegressor`)
    when they are far from one.

    Parameters
    ----------
    estimator : estimator, default=None
        The network to prune: None trains a `PenalizedMLPRegressor`; a scikit-learn
        `MLPRegressor` or a network estimator of skprune is cloned and trained; a
        `FrozenEstimator` around a fitted one is pruned as it is, the original staying untouched.
        Put a pruning estimator last in a pipeline, not a pipeline here.
    criterion : {"obs", "obd", "magnitude", "obs-obd"}, OBS, OBD, Magnitude or ModifiedOBS, \
            default="obs"
        What a deletion is predicted to cost. "obs" (HS93 eq. 5) takes all of the curvature into
        account and corrects the surviving weights; "obd" takes its diagonal and leaves them as
        they are; "magnitude" deletes the smallest weights. "obs-obd" is the modified OBS of HS97,
        which tries the candidates of both and keeps the better one, for single weights.
        `OBS`, `OBD`, `Magnitude` and `ModifiedOBS` carry the constants of each: when the model of
        the loss is made anew, the damping, the form of the curvature.
    granularity : {"weight", "unit", "input"}, default="weight"
        What a deletion is: a single weight, a hidden unit, or an input, groups being priced
        jointly.
    feature_groups : "auto", dict, list, FeatureGroups or None, default=None
        With ``granularity="input"``: inputs that stand or fall together, such as the one-hot
        columns of one category, priced jointly. A dict of lists of columns (names or indices), a
        list of such lists, or "auto": columns of zeros and ones with the names that
        `OneHotEncoder` gives (``attribute_value``), of which at most one is one. A column in no
        group is one of its own. A `FeatureGroups` object also has what each group costs.
    threshold : float or None, default=None
        Stop before the explained deviance (D2, for squared errors R2) of the training data has
        fallen by more than this, from 0 to 1: 0.01 is one point of a hundred. Made for grids, where
        the targets are to be fitted closely.
    max_saliency : float or None, default=None
        Stop when the next saliency is more than this many times the current mean loss (HS93's
        rule). Not for "magnitude", whose saliency is no loss.
    max_divergence : float or None, default=None
        Stop before predictions have moved away from those of the unpruned network, the
        *reference*, by more than this share of what it is unsure of itself: a divergence
        KL(reference || network), summed over the samples, of ``n_effective_ / 2`` nats. It has no
        scale: for grids, 0.03 to 3 is a range. None is no limit when another rule or a `stopping`
        is given; without these (and a `threshold` of 0.01 for `ModifiedOBS`) it is 0.1 or, where
        folds are cheap, the largest of 0.1, 0.3 and 1 whose networks are as good on held-out
        samples, by one standard error, as the best: `max_divergence_`.
    n_weights : int, float or None, default=None
        Stop at this many weights (biases included), or this fraction of the network's. A few more
        are left where each of the last ones would take others with it, and biases of outputs stay.
    n_inputs : int, float or None, default=None
        Stop at this many inputs, or this fraction of those that the network uses, a group of
        `feature_groups` counting as one; with ``granularity="input"``.
    stopping : {"auto", "evidence", "bic", "fpe", "validation"} or None, default="auto"
        Choose the size by what the data say for it, or by an estimate of the loss on new samples,
        instead of a rule for the training samples: along the path, as far as rules given explicitly
        allow. "evidence" goes by the log evidence (of one mode, by Laplace's method), weights and
        decays settled at each size, the latter tied to those of the unpruned network; "bic" by
        ``-log likelihood + n / 2 log S`` of n weights and S samples. Both take the smallest network
        within a nat of the best, of a path down to a constant (survivors are trained after each
        linearisation, but for ``retrain="never"``). Evidence needs a weight decay, found by itself
        if possible (``alpha="auto"``): it is the precision of the weights' prior. "fpe" takes the
        size with the least final prediction error, from all samples and the exact curvature of
        each network looked at (n^3 operations and 8 n^2 bytes); "validation" goes by the loss on
        `X_val` and `y_val` of `fit` or, without these, on a fifth of the samples, held out of
        training and pruning, which the last training, to which `threshold` does not apply, has
        again. It takes the smallest network whose loss is no more than one standard error of the
        difference (nor of the mean) above the least. "auto" is "validation" where `X_val` is
        given, else None, which stops where a rule binds.
    teaching_signal : {"auto", "reference", "data"}, default="auto"
        What pruning and retraining go by: the outputs of the unpruned network (HS93 section 4), of
        which the noise of the targets is gone and which need hardly any weight decay, or the
        targets. "auto" is "data" with `threshold`, `max_saliency`, `stopping` or `ModifiedOBS`,
        and "reference" otherwise.
    prune_intercepts : bool, default=True
        Whether biases may be deleted of their own. A bias goes with its unit in any case; those of
        the outputs stay, so that the smallest network gives the base rates, or the mean.
    retrain : {"auto", "never", "final", "always"}, default="auto"
        Train the surviving weights: not at all; when a rule binds, and prune on while it then
        allows; or also, briefly, after each linearisation. "auto" is "never" for a frozen network,
        which is pruned as it is, and "final" otherwise. Training is by damped Gauss-Newton steps
        towards a reference and by L-BFGS towards the data. With `stopping`, "final" and "always"
        train each network before it is judged, and the one chosen, at last, on all samples.
    n_init : int, default=1
        Number of networks trained and pruned from different initial weights. The smallest one
        within the rule wins, the lower loss breaking ties. The fall that `threshold` allows is
        counted from the best of the trained networks; with `max_divergence`, networks that are
        worse than this one before pruning by more than pruning may change are left out.
    random_state : int, RandomState instance or None, default=None
        Draws the seed of the estimator (of each start, when `n_init` is more than 1; otherwise
        only if its own `random_state` is None).
    n_jobs : int or None, default=None
        Number of joblib workers for the starts or, with `n_init=1`, for chunks of patterns in
        the curvature.
    verbose : int, default=0
        Print a line for each block of deletions.

    Attributes
    ----------
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
        Number of weights kept, biases included.
    hidden_layer_sizes_ : tuple of int
        Number of units alive in each hidden layer.
    path_ : dict of str to ndarray of shape (n_deletions,)
        The deletions in their order: `n_weights` left after it; the `layer` and `index` of the
        deleted weight (its position in the layer's ``[coef; intercept]``, row by row; direct
        links are the layer after the last, their index that in `direct_coef_`; else the hidden
        layer and unit, or 0 and the input); its `saliency`; the `predicted_loss` and
        the `loss` after it, weight decay included (`predicted_loss` is nan for "magnitude");
        towards a reference both, and the saliency, are divergences from it in nats;
        `evaluated`, whether the loss was measured there or is interpolated. Losses are those
        right after the deletion, before any retraining. A weight without which others are of no
        use takes these along.
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
    alphas_ : dict of str to float or ndarray
        Decays of the weights by the attribute that holds them, where they differ: those of the
        unpruned network, or with ``stopping="evidence"`` those that settled at the chosen size.
    input_noise_ : float
        Noise on the inputs that the network was trained and pruned with, as in
        `PenalizedMLPRegressor`.
    loss_ : float
        Mean loss of the pruned network, weight decay included; with ``stopping="validation"``
        and ``retrain="never"``, on the samples that were not held out.
    divergence_ : float or None
        KL(reference || pruned network), summed over the samples, in nats, for squared errors with
        the noise variance that the reference leaves; None where no reference was looked at.
    max_divergence_ : float or None
        The share that `max_divergence` was, None where that was no rule.
    n_effective_ : float or None
        Well-determined parameters of the reference: half as many nats is what it is expected to be
        off by. (Without weight decay each weight counts.)
    stopped_by_ : str
        The rule that bound: "threshold", "max_saliency", "max_divergence", "n_weights", "n_inputs",
        "exhausted" (no candidate was left), "callback", or the value of `stopping` if that chose a
        size before the path's end.
    stopping_curve_ : dict of str to ndarray of shape (n_sizes,), or None
        With `stopping`, what it goes by (`estimate`: the estimated mean loss on new samples, or, in
        nats, minus the log evidence, or half of BIC; lower is better) for networks of rising size
        (`n_weights`): each one up to 64 weights, above in steps of a tenth. `path_` then goes on
        beyond the network that was chosen.
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
    PenalizedMLPRegressor : The trainer used by default.
    OBS : The constants of the default criterion.

    Notes
    -----
    `OBS` tells what the default criterion costs, in time and memory. Of more than 128 units or
    inputs several are deleted before all of them are priced again.

    Without a rule, folds train and prune the network five times more, in some seconds: from 50
    samples on, while samples times outputs times the squared number of weights, and its cube, are
    below 1e8.

    References
    ----------
    HS93: eq. 5 (saliency and update), eq. 17 (inverse); the group formula, the first-order term
    and the trust region are in the user guide.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.preprocessing import scale
    >>> from skprune import OBSMLPRegressor, PenalizedMLPRegressor
    >>> X, y = make_friedman1(200, random_state=0)
    >>> network = PenalizedMLPRegressor((5,), alpha=0.1, random_state=0)
    >>> model = OBSMLPRegressor(network, granularity="input", n_inputs=5).fit(X, scale(y))
    >>> model.get_support(indices=True)
    array([0, 1, 2, 3, 4])
    """

    def _default_estimator(self):
        return PenalizedMLPRegressor()

    def _weighted(self, y, sample_weight, like=None):
        return sample_weight

    def _make_encoder(self, y):
        return partial(encode_values, y)
