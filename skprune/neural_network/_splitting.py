"""Networks that grow by node splitting."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from .._estimator.class_weight import CLASS_WEIGHT
from .._estimator.hold_out import split_rows
from .._fitted.targets import class_boundary
from .._growing.criteria import CRITERIA
from .._growing.growth import GrowthRules, NetworkGrowth
from .._network import HIDDEN_ACTIVATIONS, Network, Objective
from .._training.initial_weights import initial_weights
from ._parameters.split_criterion import SplitCriterion
from ._trainer import (
    TrainedClassifier,
    TrainedRegressor,
    check_training,
    hidden_sizes,
    warn_about_scale,
)


class _SplittingMLP:
    """Growth shared by the classifier and the regressor."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(HIDDEN_ACTIVATIONS) - {"clip"})],
        "fit_intercept": ["boolean"],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "criterion": [StrOptions(set(CRITERIA)), SplitCriterion],
        "max_hidden": [Interval(Integral, 1, None, closed="left")],
        "min_gain": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(1,),
        *,
        activation="tanh",
        loss="squared_error",
        out_activation="auto",
        fit_intercept=True,
        alpha=1e-3,
        criterion="splitting_matrix",
        max_hidden=50,
        min_gain=1e-3,
        patience=10,
        validation_fraction=0.2,
        max_iter=1000,
        tol=1e-4,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.out_activation = out_activation
        self.fit_intercept = fit_intercept
        self.alpha = alpha
        self.criterion = criterion
        self.max_hidden = max_hidden
        self.min_gain = min_gain
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    def _train(self, X, targets, out_activation, sample_weight):
        """Grow on encoded targets and set the fitted attributes."""
        sizes = (X.shape[1], *self._start_sizes(), targets.shape[1])
        activations = (self.activation,) * (len(sizes) - 2) + (out_activation,)
        network = Network(sizes, activations, self.loss)
        random_state = check_random_state(self.random_state)
        data = _counting(X, targets, sample_weight)
        warn_about_scale(data[0], network.layer_sizes[1:-1])
        train, judge = data, None
        if self.validation_fraction is not None:
            train, held_out = self._hold_out(data, random_state)
            judge = _HeldOut(held_out, self._classes_told_by())
        start = initial_weights(network, self.fit_intercept, random_state)
        growth = NetworkGrowth(network, start, train, judge, self._rules(), random_state)
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, X=X, y=targets)
        history = self._grow(growth, context)
        final = growth.best if judge is None else growth.finish(data)
        check_training(final.result, self.max_iter, self.tol)
        if final.action == "final":
            history.append(_entry(final))
        self._set_grown(growth, final, history)
        context.call_on_fit_task_end(estimator=self, X=X, y=targets)
        return self

    def _classes_told_by(self):
        """How predictions follow from outputs, for `_HeldOut`."""
        if not is_classifier(self):
            return None
        is_exclusive = self._label_binarizer.y_type_ == "multiclass"
        return "largest output" if is_exclusive else "each output"

    def _start_sizes(self):
        sizes = hidden_sizes(self.hidden_layer_sizes)
        if not sizes:
            raise ValueError(
                "hidden_layer_sizes=() has no unit to split; start from one unit, (1,)."
            )
        if sum(sizes) > self.max_hidden:
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes} has more than "
                f"max_hidden={self.max_hidden} units; start smaller, or raise max_hidden."
            )
        return sizes

    def _rules(self):
        is_name = isinstance(self.criterion, str)
        criterion = SplitCriterion(self.criterion) if is_name else self.criterion
        criterion._validate()
        return GrowthRules(
            criterion=criterion.name,
            step=criterion.step,
            n_directions=criterion.n_directions,
            new_units=criterion.new_units,
            max_hidden=self.max_hidden,
            min_gain=self.min_gain,
            patience=self.patience,
            fit_intercept=self.fit_intercept,
            alpha=float(self.alpha),
            max_iter=self.max_iter,
            tol=self.tol,
        )

    def _hold_out(self, data, random_state):
        """Training and held-out parts, with all classes in both where there are enough of each."""
        X, targets, weight = data
        _, labels = np.unique(targets, axis=0, return_inverse=True)
        parts = split_rows(
            X.shape[0],
            self.validation_fraction,
            random_state,
            labels=labels.ravel(),
            cure="Give more samples, or use validation_fraction=None.",
        )
        return [(X[rows], targets[rows], weight[rows]) for rows in parts]

    def _grow(self, growth, context):
        """Run the growth, one callback task a stage, and return its history."""
        history, stages = [], growth.stages()
        while True:
            task = context.subcontext(task_name="stage")
            task.call_on_fit_task_begin(estimator=self)
            stage = next(stages, None)
            if stage is not None:
                history.append(_entry(stage))
                if self.verbose:
                    print(_describe(history[-1]))
            stop = task.call_on_fit_task_end(estimator=self)
            if stage is None or stop:
                return history

    def _set_grown(self, growth, final, history):
        self._set_network(final.network, final.result.weights)
        self.alpha_ = float(self.alpha)
        self.hidden_layer_sizes_ = final.network.layer_sizes[1:-1]
        self.loss_, self.n_iter_ = final.result.value, max(final.result.n_iter, 1)
        self.validation_loss_ = _entry(growth.best)["validation_loss"]
        self.history_ = history


def _counting(X, targets, sample_weight):
    """The samples of positive weight."""
    if sample_weight is None:
        return X, targets, np.ones(X.shape[0])
    seen = np.flatnonzero(sample_weight)
    return X[seen], targets[seen], sample_weight[seen]


class _HeldOut:
    """Judges networks by held-out samples: wrong predictions first, for classes, then the loss.

    A loss alone would have one sample that is wrong with great confidence outweigh many.

    Parameters
    ----------
    data : tuple of X, targets, sample_weight
    told_by : {"largest output", "each output"} or None
        Which outputs make a prediction of classes; None in regression.
    """

    def __init__(self, data, told_by=None):
        self.data, self.told_by = data, told_by

    def __call__(self, network, w):
        objective = Objective(network, *self.data)
        loss = objective.data_loss(w)
        if self.told_by is None:
            return (loss,)
        outputs, targets = network.predict(w, objective.X), objective.targets
        if self.told_by == "largest output":
            is_wrong = outputs.argmax(axis=1) != targets.argmax(axis=1)
        else:
            middle = class_boundary(network.activations[-1])
            is_wrong = ((outputs > middle) != (targets > middle)).any(axis=1)
        return (float(objective.weights @ is_wrong / objective.total), loss)


def _entry(stage):
    """What history_ says of a stage."""
    split, verdict = stage.split, stage.verdict or (None,)
    return {
        "action": stage.action,
        "layer": None if split is None else split.layer,
        "unit": None if split is None else split.unit,
        "score": None if split is None else split.score,
        "kept": stage.is_kept,
        "hidden_layer_sizes": stage.network.layer_sizes[1:-1],
        "loss": stage.result.value,
        "validation_loss": verdict[-1],
        "validation_error": verdict[0] if len(verdict) > 1 else None,
        "n_iter": stage.result.n_iter,
    }


def _describe(entry):
    """A line a stage."""
    held_out = entry["validation_loss"]
    tail = "" if held_out is None else f", validation loss = {held_out:.6g}"
    outcome = "" if entry["kept"] else ", undone"
    return (
        f"{entry['action']}: {entry['hidden_layer_sizes']} hidden units, "
        f"loss = {entry['loss']:.6g}{tail}{outcome}"
    )


class SplittingMLPClassifier(_SplittingMLP, TrainedClassifier):
    """Multi-layer perceptron classifier that grows its hidden units by node splitting.

    Starts from one hidden unit (or a few), trains, splits the unit that a criterion names into two
    close children that share its outgoing weights, and trains on; a split that does not lower the
    loss is undone. Use it where the right number of hidden units is not known; follow it by
    :class:`OBSMLPClassifier`, which prunes what growth left over. Scale the inputs. For one hidden
    layer of a known size, `PenalizedMLPClassifier` is faster.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(1,)
        Number of units in each hidden layer to start from.
    activation : {"tanh", "logistic", "relu", "identity"}, default="tanh"
        Activation of the hidden units. "relu" and "identity" have no second derivative, so the
        splitting matrix sees nothing in them.
    loss : {"log_loss", "squared_error"}, default="log_loss"
        Cross-entropy, or half the squared error summed over the outputs.
    out_activation : {"auto", "logistic", "softmax", "tanh", "identity"}, default="auto"
        Activation of the output units, "auto" as in `PenalizedMLPClassifier`.
    fit_intercept : bool, default=True
        Whether units have biases.
    alpha : float, default=1e-3
        Strength of the weight decay, ``alpha / (2 n) |coefs|^2`` in a loss that is averaged over
        n samples (their weights), as in scikit-learn.
    criterion : {"splitting_matrix", "scatter", "gate", "hessian", "meiosis", "random"} or \
            SplitCriterion, default="splitting_matrix"
        Which unit is split, and along which direction of its incoming weights.
        "splitting_matrix": the unit whose children are predicted to lower the loss most, along the
        lowest eigenvector of its splitting matrix, if that is a tenth of `min_gain` or more.
        "scatter" (WJ92): the unit whose updates scatter most along one direction.
        "gate": the unit with the highest gate curvature, along the same direction. "hessian": the
        unit with the highest curvature in its own weights, along that direction. "meiosis": the
        unit whose gradients vary most relative to its weights (Hanson 1990). "random": no unit is
        split; new ones with random weights are added (Ash 1989). `SplitCriterion` sets the length
        and number of the directions, and whether new units are tried between splits.
    max_hidden : int, default=50
        Largest number of hidden units, in all layers together.
    min_gain : float, default=1e-3
        Least fall of the penalised training loss for a split to be kept, as a share of the best
        constant's loss: 0.001 is a tenth of a point of explained deviance. Otherwise it is undone,
        and not tried again on the same network.
    patience : int, default=10
        Growth stops after so many attempts in a row that bring no better network: that are undone
        or, with validation, classify no more of the held-out samples correctly (ties broken by
        the loss).
    validation_fraction : float in (0, 1) or None, default=0.2
        Share of the samples that is held out to choose the size. The chosen network is then trained
        on all samples. None judges by the training loss alone.
    max_iter : int, default=1000
        Largest number of L-BFGS iterations after each split.
    tol : float, default=1e-4
        L-BFGS has converged when no entry of the gradient of the mean loss is larger.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Factors of the sample weights by class; "balanced" gives all classes the same total weight.
        With several labels, a dict for all of them or a list with one a label: the factors of a
        sample's labels are multiplied.
    random_state : int, RandomState instance or None, default=None
        Draws the initial weights, new units and the held-out samples.
    verbose : int, default=0
        Print a line an attempt.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer.
    hidden_layer_sizes_ : tuple of int
        Number of units in each hidden layer.
    history_ : list of dict
        One entry an attempt: ``action`` ("start", "split", "new", or "final" for the training on
        all samples), ``layer`` (1 for the first hidden one) and ``unit`` that was split, ``score``
        by the criterion, ``kept`` (False if it was undone), ``hidden_layer_sizes``, penalised
        ``loss``, ``validation_loss`` and ``validation_error`` (the share of wrong predictions, None
        in regression) after the training, and its ``n_iter``.
    validation_loss_ : float or None
        Mean loss of the chosen network on the held-out samples, before the final training.
    activations_ : list of str
        Activation of each layer, the output's last.
    out_activation_ : str
        Activation of the output units.
    loss_function_ : str
        The loss.
    alpha_ : float
        Weight decay that was used.
    loss_ : float
        Mean loss, penalty included, at the end.
    n_iter_ : int
        Number of iterations of the last training.
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
    OBSMLPClassifier : Prunes networks, also grown ones:
        ``OBSMLPClassifier(SplittingMLPClassifier())``.
    SplitCriterion : The constants of a criterion.
    PenalizedMLPClassifier : Trains a network of a given size.
    skprune.inspection.gate_sensitivity : Gate curvatures of inputs and hidden units.

    Notes
    -----
    Children at ``+-eps v`` from unit j, each with half of its outgoing weights, change the loss by
    ``eps^2 / 2 v' S_j v`` with the splitting matrix ``S_j = mean (dE/dz_j f''(a_j)) x~ x~'``, z_j
    the unit's output and x~ what it sees. Where S_j has no negative eigenvalue no split of j can
    lower the loss to second order, whatever the scatter of its updates, and its children slip back
    together: the negative result of WJ92 for networks, and the reason for the default.

    For P samples, h units in a layer that sees m values, and c outputs, judging the units of a
    layer takes O(P h (m t + c + h')) operations with t Lanczos steps (at most 30) and h' units in
    the layers above; no m x m matrix is formed. An attempt then costs a training, O(P n) an
    iteration for n weights. Memory is about ``40 P (h + c)`` bytes beside the data, of which the
    samples for training and for validation are a copy, and `working_memory`.

    References
    ----------
    WJ92; L. Wu, D. Wang, Q. Liu. Splitting steepest descent for growing neural architectures.
    NeurIPS 32, 2019 (splitting matrix); S. J. Hanson. Meiosis networks. NIPS 2, 1990; T. Ash.
    Dynamic node creation in backpropagation networks. Connection Science 1(4), 1989.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skprune import SplittingMLPClassifier
    >>> X, y = make_moons(200, noise=0.1, random_state=0)
    >>> model = SplittingMLPClassifier(alpha=0.1, max_hidden=8, random_state=0).fit(X, y)
    >>> print(f"{model.score(X, y):.2f}")
    1.00
    >>> 1 < model.hidden_layer_sizes_[0] <= 8
    True
    """

    _parameter_constraints: dict = {
        **_SplittingMLP._parameter_constraints,
        "loss": [StrOptions({"log_loss", "squared_error"})],
        "out_activation": [StrOptions({"auto", "logistic", "softmax", "tanh", "identity"})],
        "class_weight": CLASS_WEIGHT,
    }

    def __init__(
        self,
        hidden_layer_sizes=(1,),
        *,
        activation="tanh",
        loss="log_loss",
        out_activation="auto",
        fit_intercept=True,
        alpha=1e-3,
        criterion="splitting_matrix",
        max_hidden=50,
        min_gain=1e-3,
        patience=10,
        validation_fraction=0.2,
        max_iter=1000,
        tol=1e-4,
        class_weight=None,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            hidden_layer_sizes,
            activation=activation,
            loss=loss,
            out_activation=out_activation,
            fit_intercept=fit_intercept,
            alpha=alpha,
            criterion=criterion,
            max_hidden=max_hidden,
            min_gain=min_gain,
            patience=patience,
            validation_fraction=validation_fraction,
            max_iter=max_iter,
            tol=tol,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight


class SplittingMLPRegressor(_SplittingMLP, TrainedRegressor):
    """Multi-layer perceptron regressor that grows its hidden units by node splitting.

    The regression counterpart of `SplittingMLPClassifier`. Scale the inputs; targets on a scale far
    from one train slowly or not at all: see `sklearn.compose.TransformedTargetRegressor`.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(1,)
        Number of units in each hidden layer to start from.
    activation : {"tanh", "logistic", "relu", "identity"}, default="tanh"
        Activation of the hidden units. "relu" and "identity" have no second derivative, so the
        splitting matrix sees nothing in them.
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half the squared error summed over the outputs, or half the Poisson deviance.
    out_activation : {"auto", "identity", "logistic", "tanh", "relu", "exp"}, default="auto"
        Activation of the output units, "auto" as in `PenalizedMLPRegressor`.
    fit_intercept : bool, default=True
        Whether units have biases.
    alpha : float, default=1e-3
        Strength of the weight decay, ``alpha / (2 n) |coefs|^2`` in a loss that is averaged over
        n samples (their weights), as in scikit-learn.
    criterion : {"splitting_matrix", "scatter", "gate", "hessian", "meiosis", "random"} or \
            SplitCriterion, default="splitting_matrix"
        Which unit is split, and along which direction of its incoming weights.
        "splitting_matrix": the unit whose children are predicted to lower the loss most, along the
        lowest eigenvector of its splitting matrix, if that is a tenth of `min_gain` or more.
        "scatter" (WJ92): the unit whose updates scatter most along one direction.
        "gate": the unit with the highest gate curvature, along the same direction. "hessian": the
        unit with the highest curvature in its own weights, along that direction. "meiosis": the
        unit whose gradients vary most relative to its weights (Hanson 1990). "random": no unit is
        split; new ones with random weights are added (Ash 1989). `SplitCriterion` sets the length
        and number of the directions, and whether new units are tried between splits.
    max_hidden : int, default=50
        Largest number of hidden units, in all layers together.
    min_gain : float, default=1e-3
        Least fall of the penalised training loss for a split to be kept, as a share of the best
        constant's loss: 0.001 is a tenth of a point of explained deviance. Otherwise it is undone,
        and not tried again on the same network.
    patience : int, default=10
        Growth stops after so many attempts in a row that bring no better network: that are undone
        or, with validation, do not lower the held-out loss.
    validation_fraction : float in (0, 1) or None, default=0.2
        Share of the samples that is held out to choose the size. The chosen network is then trained
        on all samples. None judges by the training loss alone.
    max_iter : int, default=1000
        Largest number of L-BFGS iterations after each split.
    tol : float, default=1e-4
        L-BFGS has converged when no entry of the gradient of the mean loss is larger.
    random_state : int, RandomState instance or None, default=None
        Draws the initial weights, new units and the held-out samples.
    verbose : int, default=0
        Print a line an attempt.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer.
    hidden_layer_sizes_ : tuple of int
        Number of units in each hidden layer.
    history_ : list of dict
        One entry an attempt: ``action`` ("start", "split", "new", or "final" for the training on
        all samples), ``layer`` (1 for the first hidden one) and ``unit`` that was split, ``score``
        by the criterion, ``kept`` (False if it was undone), ``hidden_layer_sizes``, penalised
        ``loss`` and ``validation_loss`` after the training, and its ``n_iter``
        (``validation_error`` is for classes, and None here).
    validation_loss_ : float or None
        Mean loss of the chosen network on the held-out samples, before the final training.
    activations_ : list of str
        Activation of each layer, the output's last.
    out_activation_ : str
        Activation of the output units.
    loss_function_ : str
        The loss.
    alpha_ : float
        Weight decay that was used.
    loss_ : float
        Mean loss, penalty included, at the end. Squared errors are summed over the outputs,
        where scikit-learn's `MLPRegressor` reports their average.
    n_iter_ : int
        Number of iterations of the last training.
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
    OBSMLPRegressor : Prunes networks, also grown ones:
        ``OBSMLPRegressor(SplittingMLPRegressor())``.
    SplitCriterion : The constants of a criterion.
    PenalizedMLPRegressor : Trains a network of a given size.
    skprune.inspection.gate_sensitivity : Gate curvatures of inputs and hidden units.

    Notes
    -----
    Children at ``+-eps v`` from unit j, each with half of its outgoing weights, change the loss by
    ``eps^2 / 2 v' S_j v`` with the splitting matrix ``S_j = mean (dE/dz_j f''(a_j)) x~ x~'``, z_j
    the unit's output and x~ what it sees. Where S_j has no negative eigenvalue no split of j can
    lower the loss to second order, whatever the scatter of its updates, and its children slip back
    together: the negative result of WJ92 for networks, and the reason for the default.

    For P samples, h units in a layer that sees m values, and c outputs, judging the units of a
    layer takes O(P h (m t + c + h')) operations with t Lanczos steps (at most 30) and h' units in
    the layers above; no m x m matrix is formed. An attempt then costs a training, O(P n) an
    iteration for n weights. Memory is about ``40 P (h + c)`` bytes beside the data, of which the
    samples for training and for validation are a copy, and `working_memory`.

    References
    ----------
    WJ92; L. Wu, D. Wang, Q. Liu. Splitting steepest descent for growing neural architectures.
    NeurIPS 32, 2019 (splitting matrix); S. J. Hanson. Meiosis networks. NIPS 2, 1990; T. Ash.
    Dynamic node creation in backpropagation networks. Connection Science 1(4), 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import SplittingMLPRegressor
    >>> X = np.linspace(-2, 2, 100).reshape(-1, 1)
    >>> y = np.sin(2 * X).ravel()
    >>> model = SplittingMLPRegressor(max_hidden=6, random_state=0).fit(X, y)
    >>> print(f"{model.score(X, y):.2f}")
    1.00
    """

    _parameter_constraints: dict = {
        **_SplittingMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
        "out_activation": [StrOptions({"auto", "identity", "logistic", "tanh", "relu", "exp"})],
    }
