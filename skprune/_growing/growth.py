"""Growing a network: split a unit, train on, keep what pays, undo and remember what does not."""

from dataclasses import dataclass

import numpy as np

from .._network import Network, Objective
from .._training.lbfgs import TrainingResult, train_lbfgs
from .criteria import find_splits
from .split import Split, new_unit, split_unit

# Random units of which the one with the steepest outgoing weights is added.
NEW_UNIT_CANDIDATES = 50

# Least fall that the splitting matrix must predict, as a share of what a split has to bring: of
# splits below it hardly any is kept.
PREDICTED_SHARE = 0.1

# Smallest fall of the loss, as a share of the loss itself, that is not rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class GrowthRules:
    """How a network grows; the parameters of the estimators.

    Attributes
    ----------
    criterion : str
    step : float
    n_directions : int
    new_units : bool
        Whether a new unit is tried after a split that brought no better network, and where no
        split is left.
    max_hidden : int
        Largest number of hidden units, of all layers together.
    min_gain : float
        Least fall of the penalised loss, as a share of the best constant's loss.
    patience : int
        Attempts in a row that bring no better network.
    fit_intercept : bool
    alpha : float
    max_iter : int
    tol : float
    """

    criterion: str
    step: float
    n_directions: int
    new_units: bool
    max_hidden: int
    min_gain: float
    patience: int
    fit_intercept: bool
    alpha: float
    max_iter: int
    tol: float


@dataclass(frozen=True)
class Stage:
    """An attempt, and the network after its training.

    Attributes
    ----------
    action : {"start", "split", "new", "final"}
    split : Split or None
    network : Network
        The network that was trained.
    result : TrainingResult
        Its training.
    is_kept : bool
        False for an attempt that was undone.
    verdict : tuple of float, or None
        What the judge says, lower being better; None without one.
    """

    action: str
    split: Split | None
    network: Network
    result: TrainingResult
    is_kept: bool
    verdict: tuple | None

    def is_better(self, other):
        """Whether this network is to be preferred."""
        if self.verdict is not None:
            return self.verdict < other.verdict
        return self.result.value < other.result.value


class NetworkGrowth:
    """One run from a small network to the best one met.

    Parameters
    ----------
    network : Network
        The network to start from.
    w : ndarray of shape (n_weights,)
        Its initial weights.
    data : tuple of X, targets, sample_weight
    judge : callable or None
        Takes a network and its weights and returns a tuple, lower being better; None for the
        penalised training loss.
    rules : GrowthRules
    random_state : RandomState

    Attributes
    ----------
    best : Stage
        The best network so far.
    """

    def __init__(self, network, w, data, judge, rules, random_state):
        self.network, self.start = network, w
        self.data, self.judge = data, judge
        self.rules, self.random_state = rules, random_state

    def stages(self):
        """Yield every attempt, trained."""
        current = self._trained("start", None, self.network, self.start)
        self.best, n_idle = current, 0
        self.least_fall = self._objective(self.network).null_loss() * self.rules.min_gain
        yield current
        attempts = self._attempts(current)
        while n_idle < self.rules.patience:
            split = next(attempts, None)
            if split is None:
                return
            grown = split_unit(current.network, current.result.weights, split)
            action = "split" if split.unit is not None else "new"
            stage = self._trained(action, split, *grown, before=current)
            is_better = stage.is_kept and stage.is_better(self.best)
            if is_better:
                self.best = stage
            n_idle = 0 if is_better else n_idle + 1
            if stage.is_kept:
                current = stage
                attempts = self._attempts(stage, not is_better and action == "split")
            yield stage

    def finish(self, data):
        """Train the best network on, with all patterns."""
        self.data, self.judge = data, None
        return self._trained("final", None, self.best.network, self.best.result.weights)

    def _objective(self, network):
        return Objective(network, *self.data, self.rules.alpha)

    def _kept(self, network):
        exists = np.ones(network.n_weights, dtype=bool)
        return np.flatnonzero(exists if self.rules.fit_intercept else ~network.is_intercept)

    def _trained(self, action, split, network, w, before=None):
        rules, objective = self.rules, self._objective(network)
        result = train_lbfgs(
            objective, w, self._kept(network), max_iter=rules.max_iter, tol=rules.tol
        )
        is_kept = before is None
        if before is not None:
            fall = before.result.value - result.value
            is_kept = fall > max(self.least_fall, ROUNDING * abs(before.result.value))
        verdict = None if self.judge is None else self.judge(network, result.weights)
        return Stage(action, split, network, result, is_kept, verdict)

    def _attempts(self, stage, begin_anew=False):
        """Ways for a network to grow, each once: splits by rank, new units between them."""
        rules, network = self.rules, stage.network
        room = rules.max_hidden - sum(network.layer_sizes[1:-1])
        if room < 1:
            return
        if rules.criterion == "random":
            while True:
                yield from self._find(stage)
        splits = [split for split in self._find(stage) if len(split.offsets) - 1 <= room]
        if rules.criterion == "splitting_matrix":
            splits = [s for s in splits if s.score >= PREDICTED_SHARE * self.least_fall]
        if begin_anew and rules.new_units:
            yield self._new_unit(stage)
        for split in splits:
            yield split
            if rules.new_units:
                yield self._new_unit(stage)
        while rules.new_units:
            yield self._new_unit(stage)

    def _find(self, stage):
        rules = self.rules
        return find_splits(
            self._objective(stage.network),
            stage.result.weights,
            rules.criterion,
            step=rules.step,
            n_directions=rules.n_directions,
            has_intercept=rules.fit_intercept,
            rng=self.random_state,
        )

    def _new_unit(self, stage):
        """The steepest of some random units, in the layer where it is steepest."""
        candidates = [
            new_unit(
                self._objective(stage.network),
                stage.result.weights,
                layer,
                n_candidates=NEW_UNIT_CANDIDATES,
                has_intercept=self.rules.fit_intercept,
                rng=self.random_state,
            )
            for layer in range(1, stage.network.n_layers)
        ]
        return max(candidates, key=lambda split: split.score)
