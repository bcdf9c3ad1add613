"""Growing a Gaussian mixture by splitting, and shrinking it again by merging.

A growth starts from one component and makes the splits that pay. When many components pay, or none,
it splits every one, up to a size well beyond the best, because the splits of a hard problem (a
disc, say) pay only together. Then it merges the components that earn least, stage by stage, until
the objective no longer rises, and last it exchanges splits for merges. The best mixture met on the
way is kept. Splits and merges are tried by partial EM on the touched components only, whose gains
are lower bounds of the true ones, so many can be made in one stage.
"""

from dataclasses import dataclass, replace

import numpy as np

from .changes import Stage, exchange, take
from .em import em, single_component
from .proposals import PARTIAL_ITERATIONS, Proposals
from .support import Support

# Short runs of EM between two changes: the next change makes up for what they leave undone. A few
# components are moved far by a change, and cost little: iterations times components is bounded.
STAGE_ITERATIONS = 3
STAGE_WORK = 60

# Share of its cost that a split gains where a component is not yet described well; splits of one
# that is gain about 1 / log(n_samples) of it.
PROMISING = 1 / 3

# Growth goes on until it has passed the best number of components by this factor.
OVERSHOOT = 1.5

# Share of the components that one stage merges away, and the stages that may go by without a gain.
MERGE_SHARE = 0.2
PATIENCE = 3

# How often growth goes on where the final EM takes a component out.
RECOVERIES = 3

# Splits that are trained although partial EM does not make them pay.
N_NEAR = 3

# A merge that loses more than this many times what it saves is not worth training.
MAX_LOSS_RATIO = 10.0

# When at least this share of the components pays for a split, every component is split.
SPLIT_ALL_SHARE = 0.25


@dataclass(frozen=True)
class Rules:
    """How a growth chooses; the parameters of SplittingGaussianMixture in numbers.

    Parameters
    ----------
    max_components : int
        Largest number of components.
    criterion : {"variance_ratio", "log_likelihood"}
        Which components are split first.
    threshold : float or None
        Least variance ratio of a component that is split; None for the ratio that noise gives.
    n_directions : int
        Most directions that one split uses, with two children each.
    until_settled : bool
        Stop when no component passes the threshold, instead of when the objective falls.
    prune : bool
        Whether to merge.
    floor : float
        Smallest variance.
    tol : float
        EM's tolerance.
    max_iter : int
        Most iterations of the final EM.
    """

    max_components: int
    criterion: str
    threshold: float | None
    n_directions: int
    until_settled: bool
    prune: bool
    floor: float
    tol: float
    max_iter: int


class Growth:
    """One run from a single component to the best mixture.

    Parameters
    ----------
    sample : Sample
        Training sample.
    objective : Objective
        What is maximised.
    rules : Rules
        How splits are chosen.
    """

    def __init__(self, sample, objective, rules):
        self.sample = sample
        self.family = sample.family
        self.objective = objective
        self.rules = rules
        self.tied = sample.family.name == "tied"
        self.single = single_component(sample, rules.floor)
        self.support = Support(sample, rules.floor, self.single)
        self.proposals = Proposals(sample, objective.penalty, self.support, rules.floor)
        self._explores = True
        self._finished = {}

    def stages(self, start=None):
        """Yield the stages one after the other; ``best`` is the best so far, ``top`` the highest.

        A mixture to start from was grown on some of the observations. The sizes beyond it have been
        explored, unless with all of them some split pays or nearly does.
        """
        self._explores = start is None
        self.best = self.top = self._stage("start", self.single if start is None else start, ())
        yield self.best
        yield from self._grow()
        if self.rules.prune:
            yield from self._shrink()
            yield from self._rearrange()
            yield from self._recover()
            yield from self._retry()

    def _grow(self):
        """Split until the objective has fallen far enough behind, or nothing splits."""
        current, grown = self.top, True
        while grown and (splits := self._splits(current.mixture)) is not None:
            size = len(current.mixture)
            current = self._stage("split", current.mixture, (splits,))
            self._explores = True
            if self.rules.until_settled:
                self.best = self.top = current
            else:
                self._rank(current)
            yield current
            grown = len(current.mixture) > size  # unless EM starved the children
        self._last = current

    def _shrink(self):
        """Merge until the objective has not risen for a while."""
        current, waited = self._last, 0
        while waited < PATIENCE and (merges := self._merges(current.mixture)) is not None:
            current = self._stage("merge", current.mixture, (merges,))
            waited += len(current.mixture) < len(self.top.mixture)
            if self._rank(current):
                waited = 0
            yield current

    def _rearrange(self):
        """Split here and merge there while it pays, each time at about the same size.

        Splits along the leading directions first; where these no longer pay, cuts as well.
        """
        for propose in (self._leading_splits, self._best_splits):
            risen = True
            while risen and (changes := self._exchanges(self.best.mixture, propose)):
                current = self._stage("exchange", self.best.mixture, changes)
                self._rank(current)
                risen = self.best is current
                yield current

    def _leading_splits(self, mixture):
        return self.proposals.once(self.proposals.splits, mixture, 1, PARTIAL_ITERATIONS)

    def _best_splits(self, mixture):
        return self.proposals.once(self.proposals.best_splits, mixture)

    def _recover(self):
        """Go on from what is left if EM starves a component of the best in the end."""
        for _ in range(RECOVERIES):
            settled = self.finish(self.best.mixture)
            if len(settled.mixture) == len(self.best.mixture):
                break
            self.best = self.top = settled
            yield settled
            yield from self._rearrange()

    def _retry(self):
        """Train splits and merges that nearly pay; partial EM may have judged them too low."""
        start = self.best
        for change in self._nearly(start.mixture):
            current = self._stage("exchange", start.mixture, (change,))
            self._rank(current)
            if self.best is current:
                yield current
                yield from self._rearrange()
                break

    def _nearly(self, mixture):
        """Single splits that come nearest to paying, and a merge."""
        splits = self._best_splits(mixture)
        eligible = self._eligible(mixture, splits)
        order = np.argsort(-np.where(eligible, splits.profits, -np.inf), kind="stable")
        room = self.rules.max_components > len(mixture)
        changes = [(splits, i) for i in order[: N_NEAR * room] if eligible[i]]
        if len(mixture) > 2:
            merges = self.proposals.once(self.proposals.merges, mixture)
            changes.append((merges, np.argmax(merges.profits)))
        return [candidates.select(np.array([i]), self.tied) for candidates, i in changes]

    def _rank(self, stage):
        """Make a stage the best so far if it is; return whether it is as good as the highest.

        Held-out observations are noisy. Of the mixtures that they do not tell from the highest, the
        training observations choose the best.
        """
        objective = self.objective
        if (stage.objective, -len(stage.mixture)) > (self.top.objective, -len(self.top.mixture)):
            self.top = stage
        elif objective.tells_apart(stage.mixture, self.top.mixture):
            return False
        chosen, best = (
            objective.penalised(one.mixture, one.statistics) for one in (stage, self.best)
        )
        if chosen > best or objective.tells_apart(self.best.mixture, self.top.mixture):
            self.best = stage
        return True

    def _splits(self, mixture):
        """Splits of the next stage, or None when growth is over.

        Those that pay, along one direction or else along several; but every one when many pay, or,
        up to a size, when none does: some pay only together.
        """
        if len(mixture) >= OVERSHOOT * len(self.top.mixture) + PATIENCE:
            return None
        every = None
        # Children whose shared covariance is held slip back: it accounts for their scatter.
        n_iter = 0 if self.tied else PARTIAL_ITERATIONS
        for n_directions in range(1, self.rules.n_directions + 1):
            added = 2 * n_directions - 1
            room = (self.rules.max_components - len(mixture)) // added
            if room <= 0:
                break
            proposals = self.proposals
            candidates = proposals.once(proposals.splits, mixture, n_directions, n_iter)
            eligible = self._eligible(mixture, candidates)
            pays = eligible & (candidates.profits > 0)
            widespread = np.mean(pays) >= SPLIT_ALL_SHARE and np.count_nonzero(eligible) <= room
            if self.rules.until_settled or widespread:
                return self._first(candidates, eligible, room)
            if pays.any():
                return self._first(candidates, pays, room)
            promising = eligible & (candidates.gains > PROMISING * candidates.costs)
            self._explores |= bool(promising.any())
            every = every or (candidates, eligible, room)
        return self._first(*every) if every and self._explores else None

    def _eligible(self, mixture, candidates):
        """Components whose scatter passes the threshold, and whose children can be kept."""
        threshold = self.rules.threshold
        if threshold is None:
            threshold = self.proposals.noise_ratios(mixture)
        return np.isfinite(candidates.gains) & (candidates.ratios > threshold)

    def certified_splits(self, mixture):
        """Splits whose gains alone pay for the components that they add, or None."""
        room = self.rules.max_components - len(mixture)
        if room <= 0:
            return None
        candidates = self.proposals.splits(mixture)
        return self._first(candidates, candidates.profits > 0, room)

    def _first(self, candidates, eligible, room):
        by_gain = self.rules.criterion == "log_likelihood"
        priority = candidates.gains if by_gain else candidates.ratios
        order = np.argsort(-np.where(eligible, priority, -np.inf), kind="stable")
        chosen = np.sort(order[: min(room, np.count_nonzero(eligible))])
        return candidates.select(chosen, self.tied) if len(chosen) else None

    def _exchanges(self, mixture, propose):
        """Disjoint splits and merges that raise the objective, or ().

        A split pays by itself, if there is room for it, or together with the cheapest merge.
        """
        splits = propose(mixture)
        eligible = self._eligible(mixture, splits)
        margin = self.rules.tol * self.sample.total
        room = self.rules.max_components - len(mixture)
        merges, cheapest = None, ()
        if len(mixture) > 2:  # a pair and one more
            merges = self.proposals.once(self.proposals.merges, mixture)
            cheapest = np.argsort(-merges.profits, kind="stable")
        used, chosen_splits, chosen_merges = set(), [], []
        for i in np.argsort(-np.where(eligible, splits.profits, -np.inf), kind="stable"):
            if i in used or not eligible[i]:
                continue
            if room > 0 and splits.profits[i] > margin:
                room -= 1
                used.add(i)
                chosen_splits.append(i)
                continue
            free = (j for j in cheapest if not (used | {i}) & set(merges.groups[j].tolist()))
            j = next(free, None)
            if j is None or splits.profits[i] + merges.profits[j] <= margin:
                break
            used |= {i, *merges.groups[j].tolist()}
            chosen_splits.append(i)
            chosen_merges.append(j)
        changes = ((splits, chosen_splits), (merges, chosen_merges))
        return tuple(
            candidates.select(np.array(chosen), self.tied)
            for candidates, chosen in changes
            if chosen
        )

    def _merges(self, mixture):
        """Merges of the next stage: disjoint pairs of least loss. None if none is of any use."""
        if len(mixture) == 1:
            return None
        candidates = self.proposals.once(self.proposals.merges, mixture)
        if np.all(candidates.gains < MAX_LOSS_RATIO * candidates.costs):
            return None
        chosen, touched = [], set()
        for j in np.argsort(-candidates.profits, kind="stable"):
            full = len(chosen) >= MERGE_SHARE * len(mixture)
            if chosen and (full or candidates.profits[j] < 0):
                break
            pair = set(candidates.groups[j].tolist())
            if not touched & pair:
                touched |= pair
                chosen.append(j)
        return candidates.select(np.array(chosen), self.tied)

    def settle(self, mixture, tol, max_iter):
        """EM; components that it starves or collapses are taken out, and EM goes on."""
        all_bounds = []
        while True:
            mixture, statistics, bounds, converged = em(
                self.sample, mixture, self.rules.floor, tol, max_iter
            )
            all_bounds += bounds
            weak = self.support.is_weak(mixture)
            if len(mixture) == 1 or not weak.any():
                return mixture, statistics, all_bounds, converged
            mixture = self.single if weak.all() else self._without(mixture, weak)

    def _without(self, mixture, weak):
        """Mixture without its weak components.

        What a weak one stood for may be far from all others, and EM does not move them there:
        others take it in, until EM finds better.
        """
        absorbed = self.proposals.absorptions(mixture, weak)
        mixture = exchange(mixture, (absorbed,), self.tied)
        weak = np.delete(weak, absorbed.groups.ravel())
        kept = np.concatenate([~weak, np.ones(len(absorbed.groups), dtype=bool)])
        kept = take(mixture, np.flatnonzero(kept), self.tied)
        return replace(kept, weights=kept.weights / kept.weights.sum())

    def _stage(self, action, mixture, changes, max_iter=None):
        """The stage that changes and some iterations of EM lead to."""
        mixture = exchange(mixture, changes, self.tied) if changes else mixture
        max_iter = max_iter or STAGE_ITERATIONS + STAGE_WORK // len(mixture)
        mixture, statistics, bounds, converged = self.settle(mixture, self.rules.tol, max_iter)
        objective = self.objective(mixture, statistics)
        total = self.sample.total
        return Stage(action, total, mixture, statistics, objective, bounds, converged, changes)

    def finish(self, mixture):
        """EM to convergence."""
        if mixture not in self._finished:
            self._finished[mixture] = self._stage("final", mixture, (), self.rules.max_iter)
        return self._finished[mixture]


def grow_in_turn(growths):
    """Yield each stage and the best so far, each growth starting from the best of the one before.

    Parameters
    ----------
    growths : list of Growth
        Over samples of the same observations, of increasing size.
    """
    start = None
    for growth in growths:
        for stage in growth.stages(start):
            yield stage, growth.best
        start = growth.best.mixture
