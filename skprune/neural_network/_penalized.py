"""Networks trained to a minimum of their penalised loss."""

from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from .._estimator.class_weight import CLASS_WEIGHT
from .._estimator.warnings import warn_user
from .._fitted.frozen import unwrap_frozen, unwrapped_name
from .._fitted.reading import check_frozen_inputs, read_network
from .._network import HIDDEN_ACTIVATIONS, Network, noisy_objective
from .._numerics.arrays import largest_sizes
from .._training.adaptive import train_adaptively
from .._training.automatic import train_automatically
from .._training.descent import DescentSettings
from .._training.initial_weights import initial_weights
from .._training.lbfgs import train_lbfgs
from .._training.reference import Architecture
from ._parameters.flat_minimum import FlatMinimum
from ._parameters.weight_elimination import WeightElimination
from ._trainer import (
    TrainedClassifier,
    TrainedRegressor,
    check_training,
    hidden_sizes,
    warn_about_scale,
)

ADAPTIVE_PENALTIES = {"flat_minimum": FlatMinimum, "weight_elimination": WeightElimination}

# Of a full-batch descent: a step's size, root mean square over the weights, and the usual weight of
# the past steps.
_STEP, _MOMENTUM = 1e-3, 0.9

# Searches for a simple network: on small noisy tables the shortest of three predicts better than
# the first, or no worse (benchmarks/bench_flat_minimum.py: Friedman's R2 .81 against .73).
_N_SEARCHES = 3

# Units of a hidden layer whose size is to be chosen, where there is no evidence to choose it by.
_N_UNITS = 10

_OF_SOME_FITS = (
    "alphas_",
    "coef_masks_",
    "direct_mask_",
    "hidden_layer_sizes_",
    "intercept_masks_",
    "lambda_curve_",
    "log_evidence_",
    "loss_before_pruning_",
    "n_effective_",
    "n_weights_",
    "pruned_mask_",
    "target_loss_",
    "weight_precision_",
)


class _PenalizedMLP:
    """Training shared by the classifier and the regressor."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "activation": [StrOptions(set(HIDDEN_ACTIVATIONS) - {"clip"})],
        "fit_intercept": ["boolean"],
        "direct_links": ["boolean"],
        "penalty": [
            StrOptions({"l2", *ADAPTIVE_PENALTIES}),
            FlatMinimum,
            WeightElimination,
            None,
        ],
        "alpha": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "n_init": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "estimator": [FrozenEstimator, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_layer_sizes="auto",
        *,
        activation="tanh",
        loss="squared_error",
        out_activation="auto",
        fit_intercept=True,
        direct_links=True,
        penalty="l2",
        alpha="auto",
        input_noise=0.0,
        max_iter=1000,
        tol=1e-4,
        n_init="auto",
        estimator=None,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.out_activation = out_activation
        self.fit_intercept = fit_intercept
        self.direct_links = direct_links
        self.penalty = penalty
        self.alpha = alpha
        self.input_noise = input_noise
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.estimator = estimator
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Noise on an input that is zero would leave nothing sparse.
        tags.input_tags.sparse = self.input_noise == 0
        return tags

    def _train(self, X, targets, out_activation, sample_weight):
        """Train on encoded targets and set the fitted attributes."""
        for name in _OF_SOME_FITS:  # from an earlier fit with other parameters
            vars(self).pop(name, None)
        random_state = check_random_state(self.random_state)
        network, given, kept = self._initial_network(X, targets, out_activation)
        if given is None:
            warn_about_scale(X, network.layer_sizes[1:-1], sample_weight)
        n_known = None if self._has_automatic_decay else self._n_starts * self.max_iter
        context = self._init_callback_context(max_subtasks=n_known)
        context.call_on_fit_task_begin(estimator=self, X=X, y=targets)
        progress = _Progress(self, context, X, targets)
        if self._has_automatic_decay:
            data = self.input_noise, X, targets, sample_weight
            self._settle(data, self._architecture(network, given, kept), random_state, progress)
        else:
            start = np.zeros(network.n_weights)
            start[kept] = initial_weights(network, self.fit_intercept, random_state)[kept]
            data = (self.input_noise, network, X, targets, sample_weight)
            if self.penalty in ("l2", None):
                self._minimize(data, start if given is None else given, kept, progress)
            else:
                self._search(data, (start, given), kept, random_state, progress)
        self.input_noise_ = float(self.input_noise)
        self._largest_inputs = largest_sizes(X)
        context.call_on_fit_task_end(estimator=self, X=X, y=targets)
        return self

    @property
    def _has_automatic_decay(self):
        return self.penalty == "l2" and self.alpha == "auto"

    @property
    def _n_starts(self):
        """Number of trainings where the decay is given, or the penalty adapts its strength."""
        if self.penalty in ("l2", None) or self.estimator is not None:
            return 1
        return _N_SEARCHES if self.n_init == "auto" else self.n_init

    @property
    def _standardises_targets(self):
        return self._has_automatic_decay

    def _initial_network(self, X, targets, out_activation):
        """A network, its weights if they are given, and which weights it has."""
        if self.estimator is not None:
            return self._frozen_network(X, targets, out_activation)
        is_auto = isinstance(self.hidden_layer_sizes, str)
        sizes = (_N_UNITS,) if is_auto else hidden_sizes(self.hidden_layer_sizes)
        network, is_kept = self._network_of(X.shape[1], targets.shape[1], out_activation, sizes)
        return network, None, np.flatnonzero(is_kept)

    def _network_of(self, n_inputs, n_outputs, out_activation, hidden):
        """The network with such hidden layers, and which weights it has."""
        sizes = (n_inputs, *hidden, n_outputs)
        activations = (self.activation,) * len(hidden) + (out_activation,)
        # Without a hidden layer all links are direct.
        network = Network(sizes, activations, self.loss, self.direct_links and len(hidden) > 0)
        is_kept = np.ones(network.n_weights, bool) if self.fit_intercept else ~network.is_intercept
        return network, is_kept

    def _architecture(self, network, given, kept):
        """What the networks to choose from have in common."""
        if given is not None:
            is_kept = np.zeros(network.n_weights, dtype=bool)
            is_kept[kept] = True
            hidden = network.layer_sizes[1:-1]
            return Architecture(lambda sizes: (network, is_kept.copy()), hidden, given)
        ends = network.layer_sizes[0], network.n_outputs, network.activations[-1]
        is_auto = isinstance(self.hidden_layer_sizes, str)
        hidden = None if is_auto else hidden_sizes(self.hidden_layer_sizes)
        return Architecture(partial(self._network_of, *ends), hidden)

    def _settle(self, data, architecture, random_state, progress):
        """Find the decays by the evidence, and go to the minimum with them."""
        found = train_automatically(
            architecture,
            data,
            random_state.randint(np.iinfo(np.int32).max),
            n_init=self.n_init,
            max_iter=self.max_iter,
            tol=self.tol,
            on_iteration=progress,
        )
        # Decays are not the user's to raise; units that are not needed leave flat directions.
        check_training(found.result, self.max_iter, self.tol, "or take fewer units or layers")
        self._set_network(found.network, found.weights)
        self.alphas_, self.alpha_ = found.alphas, _common_alpha(found.alphas)
        self.log_evidence_, self.n_effective_ = found.log_evidence, found.n_effective
        self.loss_curve_, self.loss_ = found.losses, found.loss
        self.n_iter_ = max(found.result.n_iter, 1)
        if self.estimator is not None or architecture.hidden_sizes is None:
            self._set_masks(found.network, found.kept)

    def _frozen_network(self, X, targets, out_activation):
        """The network to go on from, its weights, and which of them it has."""
        frozen = self.estimator
        if is_classifier(unwrap_frozen(frozen)) != is_classifier(self):
            wanted = "classifier" if is_classifier(self) else "regressor"
            raise ValueError(
                f"{type(self).__name__} needs a {wanted} to start from, got "
                f"{unwrapped_name(frozen)}."
            )
        network, w, kept, _ = read_network(frozen)
        check_frozen_inputs(self, frozen, X)
        if is_classifier(self) and not np.array_equal(frozen.classes_, self.classes_):
            raise ValueError(
                f"y has the classes {self.classes_.tolist()}, but the frozen estimator was trained "
                f"on {frozen.classes_.tolist()}; pass targets with the same classes."
            )
        output = (network.loss, network.activations[-1], network.n_outputs)
        if output != (self.loss, out_activation, targets.shape[1]):
            raise ValueError(
                f"The frozen estimator has loss={output[0]!r}, out_activation={output[1]!r} and "
                f"{output[2]} outputs, but {self.loss!r}, {out_activation!r} and "
                f"{targets.shape[1]} are asked for; set loss and out_activation to its own."
            )
        return network, w, kept

    def _minimize(self, data, start, kept, progress):
        """Go to a minimum of the loss plus weight decay."""
        alpha = float(self.alpha) if self.penalty is not None else 0.0
        objective = noisy_objective(*data, alpha).for_training()
        result = train_lbfgs(
            objective, start, kept, max_iter=self.max_iter, tol=self.tol, on_iteration=progress
        )
        check_training(result, self.max_iter, self.tol)
        self._set_network(objective.network, result.weights)
        self.alpha_ = alpha
        self.loss_, self.n_iter_ = result.value, max(result.n_iter, 1)
        self.loss_curve_ = progress.losses
        if self.estimator is not None:
            self._set_masks(objective.network, kept)

    def _search(self, data, starts, kept, random_state, progress):
        """Look for a simple network whose loss is the desired one."""
        setting = self.penalty
        if isinstance(setting, str):
            setting = ADAPTIVE_PENALTIES[setting]()
        setting._validate()
        objective = noisy_objective(*data).for_retraining(0)
        network, descent = objective.network, self._descent(setting)
        found = train_adaptively(
            setting,
            objective,
            starts,
            kept,
            descent,
            random_state,
            n_init=self._n_starts,
            tol=self.tol,
            on_epoch=progress,
        )
        if not found.within_target:
            _warn_about_target(found, objective)
        self._set_network(network, found.weights)
        self.alpha_ = 0.0
        self.loss_, self.loss_before_pruning_ = found.loss, found.loss_before_pruning
        self.target_loss_ = found.target_loss
        self.loss_curve_, self.lambda_curve_ = found.losses, found.strengths
        self.n_iter_ = len(found.losses)
        precision = np.full(network.n_weights, np.nan)
        precision[kept] = np.exp(found.log_edges[kept])
        self.weight_precision_ = network.blocks(precision)
        self.pruned_mask_ = network.blocks(found.is_pruned)
        self._set_masks(network, kept[~found.is_pruned[kept]] if setting.prune else kept)

    def _descent(self, setting):
        """How to descend: all patterns with momentum, or HS97's steps."""
        bounds = {
            "max_iter": self.max_iter,
            "landing": setting.landing,
            "weight_bound": setting.weight_bound,
            "revive_every": setting.revive_every,
            "revive_below": setting.revive_below,
            "revive_range": setting.revive_range,
        }
        if setting.solver == "lbfgs":
            return DescentSettings(
                learning_rate=_STEP, momentum=_MOMENTUM, even_steps=True, **bounds
            )
        return DescentSettings(
            learning_rate=setting.learning_rate, batch_size=setting.batch_size, **bounds
        )

    def _set_masks(self, network, kept):
        """Tell which weights the network has."""
        survives = np.zeros(network.n_weights, dtype=bool)
        survives[kept] = True
        self.n_weights_ = len(kept)
        self.coef_masks_, self.intercept_masks_, self.direct_mask_ = network.unpack(survives)
        self.hidden_layer_sizes_ = tuple(
            int(mask.any(axis=1).sum()) for mask in self.coef_masks_[1:]
        )


def _common_alpha(alphas):
    """The decay of all coefficients, or None where they differ."""
    coefs = [alpha for name, alpha in alphas.items() if not name.startswith("intercepts_")]
    is_one = all(np.ndim(alpha) == 0 and alpha == coefs[0] for alpha in coefs)
    return coefs[0] if coefs and is_one else None


def _warn_about_target(found, objective):
    warn_user(
        f"The loss never reached target_loss={found.target_loss:.4g} in {len(found.losses)} "
        f"epochs: the lowest is {found.lowest_loss:.4g} "
        f"({found.lowest_loss - found.target_loss:.2g} above; a constant has "
        f"{objective.null_loss():.4g}). The network with the lowest loss is kept. Raise "
        "target_loss (it may be below the noise of the data) or max_iter, or scale the data.",
        ConvergenceWarning,
    )


class _Progress:
    """Records, prints and reports the loss of each iteration."""

    def __init__(self, estimator, context, X, targets):
        self.estimator, self.context = estimator, context
        self.data = {"estimator": estimator, "X": X, "y": targets}
        self.losses = []

    def __call__(self, loss, strength=None):
        """Report an iteration; whether a callback asks to stop."""
        self.losses.append(loss)
        if self.estimator.verbose:
            tail = "" if strength is None else f", lambda = {strength:.4f}"
            print(f"Iteration {len(self.losses)}, loss = {loss:.8f}{tail}")
        task = self.context.subcontext(task_name="iteration")
        task.call_on_fit_task_begin(**self.data)
        return task.call_on_fit_task_end(**self.data)


class PenalizedMLPClassifier(_PenalizedMLP, TrainedClassifier):
    """Multi-layer perceptron classifier, trained to a minimum of its penalised loss.

    The plain trainer of skprune, and what the pruning estimators train when they are given no
    estimator: small saturating networks, L-BFGS on all patterns, a little weight decay. Next to
    scikit-learn's `MLPClassifier` it has the networks of the papers: squared error with
    saturating outputs, and networks without biases. Scale the inputs. Prefer `MLPClassifier` for
    large data sets, which want mini-batches.

    Parameters
    ----------
    hidden_layer_sizes : int, array-like of int or "auto", default="auto"
        Number of units in each hidden layer; ``()`` is a linear model. "auto", with
        ``alpha="auto"``, has the evidence choose: a linear model, or one hidden layer, of units
        that see all inputs and units that see one input each and bend it. With other decays
        "auto" is 10.
    activation : {"tanh", "logistic", "relu", "identity"}, default="tanh"
        Activation of the hidden units.
    loss : {"log_loss", "squared_error"}, default="log_loss"
        Cross-entropy, or half the squared error summed over the outputs (HS93, HS97).
    out_activation : {"auto", "logistic", "softmax", "tanh", "identity"}, default="auto"
        Activation of the output units. "auto" is, for "log_loss", "softmax" with several
        exclusive classes and "logistic" otherwise; for "squared_error", "logistic" with
        logistic hidden units and "tanh" otherwise. Targets are at the limits of the units, -1
        and 1 for "tanh", else 0 and 1.
    fit_intercept : bool, default=True
        Whether units have biases.
    direct_links : bool, default=True
        Whether the outputs see the inputs, next to the last hidden layer: the linear model is then
        inside the network. Without hidden layers it is there anyway.
    penalty : {"l2", "flat_minimum", "weight_elimination"}, FlatMinimum, WeightElimination or \
            None, default="l2"
        Weight decay on the coefficients (not the biases), or none; or a penalty that makes the
        network simpler for as long as the loss allows. `FlatMinimum` and `WeightElimination`
        carry the constants, the strings mean their defaults.
    alpha : float or "auto", default="auto"
        Strength of the penalty, ``alpha / (2 n) |coefs|^2`` in a loss that is averaged over
        n samples (their weights), as in scikit-learn. "auto" finds one for each group of weights,
        an input's weights being a group, by the evidence (see Notes). Only for "l2".
    input_noise : float, default=0.0
        Standard deviation of Gaussian noise on the inputs, in their own units: the network is
        trained, and then pruned, on noisy copies of each sample that share its weight. Training
        by "l2" sees 20 copies of each of few samples and at least four (20,000 patterns where
        that is between), under the other penalties four. Worth a search, say over 0, 0.05, 0.1 and
        0.2 of a typical spread, where small networks still learn all training samples and yet err
        on others. Dense X only; ``8 n_features`` bytes a copy.
    max_iter : int, default=1000
        Largest number of iterations; under a penalty that adapts its strength, of epochs.
    tol : float, default=1e-4
        L-BFGS has converged when no entry of the gradient of the mean loss is larger.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Factors of the sample weights by class; "balanced" gives all classes the same total weight.
        With several labels, a dict for all of them or a list with one a label: the factors of a
        sample's labels are multiplied.
    n_init : int or "auto", default="auto"
        With ``alpha="auto"``, how often starts with random weights are repeated with other
        weights; the one of highest evidence is kept. "auto" is up to 3 where networks are small.
        Under "flat_minimum" and "weight_elimination" the number of searches from random weights,
        3 for "auto"; kept is the network with the shortest description (BIC) of those within the
        target. Other decays, and a given `estimator`, have one start.
    estimator : FrozenEstimator or None, default=None
        A `FrozenEstimator` around a fitted network to go on from, such as a pruned one: training
        starts at its weights, and weights that it does not have stay away. It takes the place
        of `hidden_layer_sizes`, `activation`, `fit_intercept` and `direct_links`; its loss and
        output activation must be the ones asked for here. None starts from small random weights.
    random_state : int, RandomState instance or None, default=None
        Draws the initial weights.
    verbose : int, default=0
        Print the loss of each iteration.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer.
    direct_coef_ : ndarray of shape (n_features, n_outputs) or None
        Weights of the direct links from inputs to outputs, where there are any.
    activations_ : list of str
        Activation of each layer, the output's last.
    out_activation_ : str
        Activation of the output units.
    loss_function_ : str
        The loss.
    alpha_ : float or None
        Weight decay that was used; None where groups of weights differ.
    alphas_ : dict
        With ``alpha="auto"``, the decay of each group of weights, in the units of `alpha`: by the
        name of the attribute that holds them, such as ``"coefs_[0]"``, a number or an array of
        the attribute's shape. Groups that are not there have none. The weak decay of the output
        biases keeps them from infinity.
    log_evidence_ : float
        With ``alpha="auto"``, the logarithm of the evidence, in nats, by Laplace's method around
        these weights: all constants included, other modes not.
    n_effective_ : float
        With ``alpha="auto"``, the number of weights that the data determine; unpenalised ones
        count one each.
    input_noise_ : float
        Noise that was used.
    loss_ : float
        Mean loss, penalty included, at the end.
    loss_curve_ : list of float
        The same after each iteration.
    n_iter_ : int
        Number of iterations; with ``alpha="auto"``, of those at the final decays.
    lambda_curve_ : list of float
        Strength of the penalty after each epoch. This attribute and the following ones exist
        only with "flat_minimum" and "weight_elimination", those from `coef_masks_` on also with
        `estimator`, and where ``alpha="auto"`` chooses the hidden units.
    target_loss_ : float
        The loss that was aimed at.
    loss_before_pruning_ : float
        Mean loss of the network before pruned weights were set to zero; `loss_` without `prune`.
    weight_precision_ : list of ndarray of shape (n_inputs + 1, n_units)
        By how much each weight may move (HS97 eq. 5 with epsilon 1, geometric mean over the
        samples in which it has an influence), the biases in the last row. Only ratios mean
        something. nan for biases that do not exist. With direct links theirs come last, an array
        of shape (n_features, n_outputs).
    pruned_mask_ : list of ndarray of shape (n_inputs + 1, n_units)
        True for weights that count as pruned, the biases in the last row, direct links last.
    coef_masks_ : list of ndarray of shape (n_inputs, n_units)
        True where a weight was kept: all but the pruned ones with `prune`, otherwise all.
    intercept_masks_ : list of ndarray of shape (n_units,)
        True where a bias was kept.
    direct_mask_ : ndarray of shape (n_features, n_outputs) or None
        True where a direct link was kept.
    n_weights_ : int
        Number of weights kept, biases included.
    hidden_layer_sizes_ : tuple of int
        Number of units alive in each hidden layer.
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
    OBSMLPClassifier : Prunes such a network.
    FlatMinimum : Penalty for networks whose weights need little precision.
    WeightElimination : Penalty for networks with few large weights.

    Notes
    -----
    One iteration costs O(P n) operations for P samples (non-zero inputs only, when X is sparse)
    and n weights; the flat-minimum penalty adds O(P c n) for c outputs. Memory, beside the data, is
    about ``40 P (h + c)`` bytes for h hidden units, and ``8 P p`` for p inputs in single precision,
    of which there is a copy in double. `input_noise` has four noisy copies of all samples, and as
    many for training (twenty where samples are few); the penalties that adapt have one copy for
    the folds that tell their target loss; ``alpha="auto"`` has scikit-learn's `working_memory`.

    ``alpha="auto"`` looks for the decays of highest evidence, by Laplace's method (MacKay 1992).
    Several starts, the linear model among them, go from strong decay to weak: by damped
    Gauss-Newton steps, and after each by ``a_g = gamma_g / |w_g|^2`` for a group g of weights,
    gamma_g of which the data determine. The start of highest evidence is trained to a minimum. Its
    decays are then doubled as long as samples that are left out, by one Newton step each, gain by
    it: of sure predictions the evidence thinks too well. A step takes O(P n^2 + n^3) operations, P
    being 3,000 at most (fewer of several outputs), and
    16 n^2 bytes; beyond 3,000 weights the curvature is that of at most 1,500 outputs of samples.
    Units are chosen among networks of up to 1,000 weights. Decays start from values for inputs of
    about one: standardise them. Sample weights count samples: a weight of two is a sample seen
    twice. Only weights that sum to one at most are taken as shares, of as many samples as
    ``(sum s)^2 / sum s^2``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skprune import PenalizedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0).fit(X, y)
    >>> print(f"{model.score(X, y):.2f}")
    0.99
    >>> model = PenalizedMLPClassifier("auto", alpha="auto", direct_links=True, random_state=0)
    >>> model = model.fit(X, y)
    >>> sorted(model.alphas_)
    ['coefs_[0]', 'intercepts_[0]']
    """

    _parameter_constraints: dict = {
        **_PenalizedMLP._parameter_constraints,
        "loss": [StrOptions({"log_loss", "squared_error"})],
        "out_activation": [StrOptions({"auto", "logistic", "softmax", "tanh", "identity"})],
        "class_weight": CLASS_WEIGHT,
    }

    def __init__(
        self,
        hidden_layer_sizes="auto",
        *,
        activation="tanh",
        loss="log_loss",
        out_activation="auto",
        fit_intercept=True,
        direct_links=True,
        penalty="l2",
        alpha="auto",
        input_noise=0.0,
        max_iter=1000,
        tol=1e-4,
        class_weight=None,
        n_init="auto",
        estimator=None,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            hidden_layer_sizes,
            activation=activation,
            loss=loss,
            out_activation=out_activation,
            fit_intercept=fit_intercept,
            direct_links=direct_links,
            penalty=penalty,
            alpha=alpha,
            input_noise=input_noise,
            max_iter=max_iter,
            tol=tol,
            n_init=n_init,
            estimator=estimator,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight


class PenalizedMLPRegressor(_PenalizedMLP, TrainedRegressor):
    """Multi-layer perceptron regressor, trained to a minimum of its penalised loss.

    The regression counterpart of `PenalizedMLPClassifier`. Scale the inputs; targets on a scale far
    from one train slowly or not at all: see `sklearn.compose.TransformedTargetRegressor`.

    Parameters
    ----------
    hidden_layer_sizes : int, array-like of int or "auto", default="auto"
        Number of units in each hidden layer; ``()`` is a linear model. "auto", with
        ``alpha="auto"``, has the evidence choose: a linear model, or one hidden layer, of units
        that see all inputs and units that see one input each and bend it. With other decays
        "auto" is 10.
    activation : {"tanh", "logistic", "relu", "identity"}, default="tanh"
        Activation of the hidden units.
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half the squared error summed over the outputs, or half the Poisson deviance.
    out_activation : {"auto", "identity", "logistic", "tanh", "relu", "exp"}, default="auto"
        Activation of the output units. "auto" is "identity" for "squared_error" and "exp" for
        "poisson". Saturating outputs want targets within their limits.
    fit_intercept : bool, default=True
        Whether units have biases.
    direct_links : bool, default=True
        Whether the outputs see the inputs, next to the last hidden layer: the linear model is then
        inside the network. Without hidden layers it is there anyway.
    penalty : {"l2", "flat_minimum", "weight_elimination"}, FlatMinimum, WeightElimination or \
            None, default="l2"
        Weight decay on the coefficients (not the biases), or none; or a penalty that makes the
        network simpler for as long as the loss allows. `FlatMinimum` and `WeightElimination`
        carry the constants, the strings mean their defaults.
    alpha : float or "auto", default="auto"
        Strength of the penalty, ``alpha / (2 n) |coefs|^2`` in a loss that is averaged over
        n samples (their weights), as in scikit-learn. "auto" finds one for each group of weights,
        an input's weights being a group, by the evidence (see Notes). Only for "l2".
    input_noise : float, default=0.0
        Standard deviation of Gaussian noise on the inputs, in their own units: the network is
        trained, and then pruned, on noisy copies of each sample that share its weight. Training
        by "l2" sees 20 copies of each of few samples and at least four (20,000 patterns where
        that is between), under the other penalties four. Worth a search, say over 0, 0.05, 0.1 and
        0.2 of a typical spread, where small networks still learn all training samples and yet err
        on others. Dense X only; ``8 n_features`` bytes a copy.
    max_iter : int, default=1000
        Largest number of iterations; under a penalty that adapts its strength, of epochs.
    tol : float, default=1e-4
        L-BFGS has converged when no entry of the gradient of the mean loss is larger.
    n_init : int or "auto", default="auto"
        With ``alpha="auto"``, how often starts with random weights are repeated with other
        weights; the one of highest evidence is kept. "auto" is up to 3 where networks are small.
        Under "flat_minimum" and "weight_elimination" the number of searches from random weights,
        3 for "auto"; kept is the network with the shortest description (BIC) of those within the
        target. Other decays, and a given `estimator`, have one start.
    estimator : FrozenEstimator or None, default=None
        A `FrozenEstimator` around a fitted network to go on from, such as a pruned one: training
        starts at its weights, and weights that it does not have stay away. It takes the place
        of `hidden_layer_sizes`, `activation`, `fit_intercept` and `direct_links`; its loss and
        output activation must be the ones asked for here. None starts from small random weights.
    random_state : int, RandomState instance or None, default=None
        Draws the initial weights.
    verbose : int, default=0
        Print the loss of each iteration.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer.
    direct_coef_ : ndarray of shape (n_features, n_outputs) or None
        Weights of the direct links from inputs to outputs, where there are any.
    activations_ : list of str
        Activation of each layer, the output's last.
    out_activation_ : str
        Activation of the output units.
    loss_function_ : str
        The loss.
    alpha_ : float or None
        Weight decay that was used; None where groups of weights differ.
    alphas_ : dict
        With ``alpha="auto"``, the decay of each group of weights, in the units of `alpha`: by the
        name of the attribute that holds them, such as ``"coefs_[0]"``, a number or an array of
        the attribute's shape. Groups that are not there have none. The weak decay of the output
        biases keeps them from infinity.
    log_evidence_ : float
        With ``alpha="auto"``, the logarithm of the evidence, in nats, by Laplace's method around
        these weights: all constants included, other modes not.
    n_effective_ : float
        With ``alpha="auto"``, the number of weights that the data determine; unpenalised ones
        count one each.
    input_noise_ : float
        Noise that was used.
    loss_ : float
        Mean loss, penalty included, at the end. Squared errors are summed over the outputs,
        where scikit-learn's `MLPRegressor` reports their average.
    loss_curve_ : list of float
        The same after each iteration.
    n_iter_ : int
        Number of iterations; with ``alpha="auto"``, of those at the final decays.
    lambda_curve_ : list of float
        Strength of the penalty after each epoch. This attribute and the following ones exist
        only with "flat_minimum" and "weight_elimination", those from `coef_masks_` on also with
        `estimator`, and where ``alpha="auto"`` chooses the hidden units.
    target_loss_ : float
        The loss that was aimed at.
    loss_before_pruning_ : float
        Mean loss of the network before pruned weights were set to zero; `loss_` without `prune`.
    weight_precision_ : list of ndarray of shape (n_inputs + 1, n_units)
        By how much each weight may move (HS97 eq. 5 with epsilon 1, geometric mean over the
        samples in which it has an influence), the biases in the last row. Only ratios mean
        something. nan for biases that do not exist. With direct links theirs come last, an array
        of shape (n_features, n_outputs).
    pruned_mask_ : list of ndarray of shape (n_inputs + 1, n_units)
        True for weights that count as pruned, the biases in the last row, direct links last.
    coef_masks_ : list of ndarray of shape (n_inputs, n_units)
        True where a weight was kept: all but the pruned ones with `prune`, otherwise all.
    intercept_masks_ : list of ndarray of shape (n_units,)
        True where a bias was kept.
    direct_mask_ : ndarray of shape (n_features, n_outputs) or None
        True where a direct link was kept.
    n_weights_ : int
        Number of weights kept, biases included.
    hidden_layer_sizes_ : tuple of int
        Number of units alive in each hidden layer.
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
    OBSMLPRegressor : Prunes such a network.
    FlatMinimum : Penalty for networks whose weights need little precision.
    WeightElimination : Penalty for networks with few large weights.

    Notes
    -----
    One iteration costs O(P n) operations for P samples (non-zero inputs only, when X is sparse)
    and n weights; the flat-minimum penalty adds O(P c n) for c outputs. Memory, beside the data, is
    about ``40 P (h + c)`` bytes for h hidden units, and ``8 P p`` for p inputs in single precision,
    of which there is a copy in double. `input_noise` has four noisy copies of all samples, and as
    many for training (twenty where samples are few); the penalties that adapt have one copy for
    the folds that tell their target loss; ``alpha="auto"`` has scikit-learn's `working_memory`.

    ``alpha="auto"`` looks for the decays of highest evidence, by Laplace's method (MacKay 1992).
    Several starts, the linear model among them, go from strong decay to weak: by damped
    Gauss-Newton steps, and after each by ``a_g = gamma_g / |w_g|^2`` for a group g of weights,
    gamma_g of which the data determine. The start of highest evidence is trained to a minimum;
    of counts (Poisson), decays are then doubled as long as samples that are left out, by one Newton
    step each, gain by it. A step takes O(P n^2 + n^3) operations, P being 3,000 at most (fewer of
    several outputs), and
    16 n^2 bytes; beyond 3,000 weights the curvature is that of at most 1,500 outputs of samples.
    Units are chosen among networks of up to 1,000 weights. Decays start from values for inputs of
    about one: standardise them. Targets of linear outputs are standardised inside. Sample weights
    count samples: a weight of two is a sample seen twice. Only weights that sum to one at most are
    taken as shares, of as many samples as ``(sum s)^2 / sum s^2``.

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import PenalizedMLPRegressor
    >>> X = np.linspace(-2, 2, 50).reshape(-1, 1)
    >>> model = PenalizedMLPRegressor((5,), random_state=0).fit(X, np.sin(2 * X).ravel())
    >>> print(f"{model.score(X, np.sin(2 * X).ravel()):.2f}")
    1.00
    """

    _parameter_constraints: dict = {
        **_PenalizedMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
        "out_activation": [StrOptions({"auto", "identity", "logistic", "tanh", "relu", "exp"})],
    }
