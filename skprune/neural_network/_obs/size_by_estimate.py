"""The size of a pruned network by an estimate of its loss on new samples, without folds."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..._curvature.evidence import bayesian_information_criterion, symmetry_term
from ..._fitted.frozen import unwrapped_name
from ..._fitted.loss import evaluation_objective
from ..._fitted.targets import encode_targets
from ..._network import Objective
from ..._pruning.cleanup import useful_part
from ..._pruning.evidence import PathEvidence
from ..._pruning.prediction_error import final_prediction_error
from ..._pruning.retraining import improved
from ..._pruning.stop import Unlimited, refusal
from ..._training.automatic import named_decays
from .fitted import alive_units
from .plan import retraining
from .starts import pruned_start

# Sizes at which the estimate is made: all up to here, above in steps of at least this ratio.
_ALL_SIZES, _RATIO = 64, 1.1

# Nats by which networks are as good as each other: less is not to be believed of one mode, and ties
# abound where weights hardly matter.
_EVEN = 1.0


def objective_on(estimator, start, samples, *, trained=False):
    """The loss of a start's network on other samples; or what it is to be trained for on them."""
    X, y, sample_weight = samples
    network = start.objective.network
    targets = encode_targets(estimator, y, network)
    if trained:
        data = (X, targets, sample_weight)
        return evaluation_objective(start.estimator, network, *data, start.alpha)
    return Objective(network, X, targets, sample_weight, start.alpha)


def finish(start, kept, values, retrain, stop=None):
    """A network of the path as pruning would leave it if it ended there: trained once more.

    Unless training would break the rule ``stop``, for the sake of weight decay.
    """
    w, goal = np.zeros_like(start.w), start.start.goal
    w[kept] = values
    counts = start.counts
    trainer = retraining(retrain, start.start.is_taught_by_it)
    if trainer.at_rule:
        state = improved(trainer, goal, useful_part(goal, w, kept), stop or Unlimited())
        w, kept = state.w, state.kept
        n_retrainings = counts["n_retrainings_"] + trainer.n_retrainings
        counts = counts | {"n_retrainings_": n_retrainings}
    return pruned_start(start.start, w, kept, stop=start.stop, path=start.path, counts=counts)


def choose_size(estimator, starts, validation):
    """The smallest network that is as good as the one with the least estimate.

    On held-out samples that is one whose loss is higher by at most the standard error of the
    difference (nor than that of the best loss); by evidence or BIC, one that is a nat behind.

    Parameters
    ----------
    estimator : OBSMLPClassifier or OBSMLPRegressor
    starts : list
        Pruned starts, with their paths.
    validation : tuple or None
        Samples held out, for "validation".

    Returns
    -------
    chosen : object
        The start with the network of the chosen size.
    curve : dict of str to ndarray
        Sizes, rising, and estimates of that start.
    """
    judges = [_JUDGES[estimator._stopping](estimator, start, validation) for start in starts]
    looks = [
        judge.look(number, *start.path.at(size)[:2])
        for number, (start, judge) in enumerate(zip(starts, judges))
        for size in _thinned(start.path.sizes)
    ]
    best = min(looks, key=lambda look: look.estimate)
    as_good = [look for look in looks if look.is_as_good(best)]
    chosen = min(as_good, key=lambda look: (len(look.network.kept), look.estimate))
    curve = [look for look in looks if look.start == chosen.start]
    sizes = np.array([len(look.network.kept) for look in curve])
    if len(chosen.network.kept) > sizes[0]:
        chosen.network.counts["stopped_by_"] = estimator._stopping
    estimates = np.array([look.estimate for look in curve])
    return chosen.network, {"n_weights": sizes, "estimate": estimates}


class _Look(NamedTuple):
    """A network of a start's path, and what it is estimated to be worth on new samples."""

    start: int
    network: object
    estimate: float
    tolerance: float = 0.0
    losses: np.ndarray | None = None
    weights: np.ndarray | None = None

    def is_as_good(self, best):
        """Whether the estimate is the best, as far as can be told."""
        difference = self.estimate - best.estimate
        if self.losses is None:
            return difference <= self.tolerance
        errors = [
            _standard_error(losses, self.weights)
            for losses in (self.losses - best.losses, best.losses)
        ]
        return difference <= min(errors)


def _standard_error(values, weights):
    """Of the weighted mean."""
    mean = np.average(values, weights=weights)
    return float(np.sqrt((weights**2) @ (values - mean) ** 2) / weights.sum())


# ---- one class an estimate --------------------------------------------------------------------


class _Judge:
    """Estimates of the networks on the path of a start.

    Parameters
    ----------
    estimator : OBSMLPClassifier or OBSMLPRegressor
    start : Pruned
    validation : tuple or None
        Samples held out.
    """

    def __init__(self, estimator, start, validation):
        self.estimator, self.start = estimator, start

    def finished(self, kept, values):
        """The network of the path with some weights, trained as the estimator's parameters say."""
        return finish(self.start, kept, values, self.estimator._retrain, self.start.stop)


class _PredictionError(_Judge):
    """The final prediction error."""

    def look(self, number, kept, values):
        network = self.finished(kept, values)
        data = network.start.objective, network.w, network.kept
        return _Look(number, network, final_prediction_error(*data, n_jobs=self.estimator.n_jobs))


class _HeldOutLoss(_Judge):
    """The loss on samples held out."""

    def __init__(self, estimator, start, validation):
        super().__init__(estimator, start, validation)
        self._held_out = objective_on(estimator, start.start, validation)

    def look(self, number, kept, values):
        network, held_out = self.finished(kept, values), self._held_out
        losses, weights = held_out.losses(network.w), held_out.weights
        loss = float(weights @ losses / held_out.total)
        return _Look(number, network, loss, losses=losses, weights=weights)


class _BIC(_Judge):
    """Half of BIC, in nats."""

    def look(self, number, kept, values):
        network = self.finished(kept, values)
        objective = network.start.objective.counted()
        bic = bayesian_information_criterion(objective, network.w, len(network.kept))
        return _Look(number, network, bic, _EVEN)


class _Evidence(_Judge):
    """Minus the log evidence, in nats."""

    def __init__(self, estimator, start, validation):
        super().__init__(estimator, start, validation)
        before = start.start
        try:
            self._evidence = PathEvidence(before.objective, before.w, before.kept)
        except ValueError as error:
            name = unwrapped_name(before.estimator)
            raise ValueError(
                f"stopping='evidence' cannot judge the network of {name}: {error} Use its "
                "alpha='auto', or a positive alpha."
            ) from None

    def look(self, number, kept, values):
        network = finish(self.start, kept, values, "never")
        weighed = self._weighed(network.w, network.kept)
        estimate = -weighed.log_evidence
        if self.estimator.granularity == "unit":
            # (Whole units are alike but for their places; others have no two alike.)
            shapes = network.start.objective.network
            masks = shapes.unpack(np.isin(np.arange(shapes.n_weights), network.kept))[0]
            estimate -= symmetry_term(shapes, alive_units(masks))
        return _Look(number, self._with_decays(network, weighed), estimate, _EVEN)

    def _weighed(self, w, kept):
        """Weights and decays trained, unless that breaks a rule or is not wanted."""
        if retraining(self.estimator._retrain).at_rule:
            weighed = self._evidence.settled(w, kept)
            after = useful_part(self.start.start.goal, weighed.w, kept)
            if refusal(self.start.stop, after, after.data_loss) is None:
                return weighed
        return self._evidence.as_it_is(w, kept)

    @staticmethod
    def _with_decays(network, weighed):
        """The network with the weights and decays that were weighed."""
        start, kept = network.start, network.kept
        decay = start.objective.decay.copy()  # (What is gone may come back by a swap.)
        decay[kept] = weighed.decay[kept]
        objective = start.objective.decayed(decay)
        alpha = objective.total * decay
        alphas = named_decays(objective.network, start.kept, alpha)
        start = replace(start, objective=objective, alpha=alpha, alphas=alphas)
        others = {"stop": network.stop, "path": network.path, "counts": network.counts}
        return pruned_start(start, weighed.w, kept, **others)


_JUDGES = {
    "fpe": _PredictionError,
    "validation": _HeldOutLoss,
    "bic": _BIC,
    "evidence": _Evidence,
}


def _thinned(sizes):
    """Sizes at which to look, rising, from the path's last to the network before pruning."""
    chosen, largest = [], int(max(sizes))
    for size in np.sort(sizes).tolist():
        if not chosen or size <= _ALL_SIZES or size >= _RATIO * chosen[-1]:
            chosen.append(size)
    if len(chosen) > 1 and chosen[-1] > _ALL_SIZES:
        chosen.pop()
    return chosen if chosen[-1] == largest else [*chosen, largest]
