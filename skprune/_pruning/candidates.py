"""What may be deleted: one class a granularity.

A granularity counts its candidates and ranks them; a ranking lasts for as long as one quadratic
model with one damping and finds the cheapest candidate, again and again.
"""

from operator import itemgetter
from typing import Protocol, runtime_checkable

import numpy as np

from .._curvature.elimination import BLOCK
from .state import Deletion


@runtime_checkable
class Ranking(Protocol):
    """The candidates of one quadratic model in the order of their joint saliency."""

    def cheapest(self, surgery, connectivity, room):
        """The cheapest candidate that fits into ``room`` weights.

        Returns
        -------
        deletion : Deletion or None
            None if there is none.
        is_limited : bool
            Whether there were candidates that do not fit.
        """


@runtime_checkable
class Candidates(Protocol):
    """What may be deleted."""

    def count(self, connectivity):
        """How many candidates there are."""

    def ranking(self, connectivity, excluded=(), n_tried=1):
        """A new ranking, without the deletions in ``excluded``: refused ones.

        Of groups, the loss chooses among the ``n_tried`` cheapest when a block begins.
        """


#: A block is this share of the candidates, so that steps shrink with the network. (On 600 inputs
#: the network at the end has a loss within 1 % of what single deletions leave: the loop's tests.)
BLOCK_SHARE = 1 / 64


def block_length(n_candidates):
    """How many deletions a block has, at most; the loss is measured once a block."""
    return max(1, min(BLOCK, int(n_candidates * BLOCK_SHARE)))


# ---- single weights ---------------------------------------------------------------------------


class Weights:
    """Single weights, each with those that are of no use without it.

    Parameters
    ----------
    protected : ndarray of int
        Weights that are never candidates of their own.
    """

    def __init__(self, protected=()):
        self.protected = np.asarray(protected, dtype=np.intp)

    def count(self, connectivity):
        """How many weights there are."""
        return connectivity.n_alive

    def ranking(self, connectivity, excluded=(), n_tried=1):
        """The order of weights in one model; they are too many to be tried."""
        locked = np.zeros(len(connectivity.alive), dtype=bool)
        locked[self.protected] = True
        locked[[deletion.group[0] for deletion in excluded]] = True  # (The chosen one is first.)
        return _RankedWeights(locked)


class _RankedWeights:
    def __init__(self, locked):
        self._locked = locked

    def cheapest(self, surgery, connectivity, room):
        """The weight that costs least together with what falls with it."""
        active, saliencies = surgery.active, surgery.elimination.saliencies
        links = surgery.positions(connectivity.only_links())
        locked = self._locked[active]
        saliencies[locked] = np.inf
        found = {}
        # A group costs at least what its first weight does alone, unless that weight is held:
        # price groups only when reached, and the exceptions at once.
        self._price(links[~locked[links]], saliencies, found, surgery, connectivity, room)
        while len(saliencies):
            q = int(np.argmin(saliencies))
            if not np.isfinite(saliencies[q]):
                break
            if found.get(q) is not None:
                place, saliency = connectivity.place(active[q]), float(saliencies[q])
                return _deletion(surgery, found[q], place, saliency), False
            self._price([q], saliencies, found, surgery, connectivity, room)
        return None, None in found.values()

    @staticmethod
    def _price(places, saliencies, found, surgery, connectivity, room):
        """Put the groups of some weights into ``found``, and their joint saliencies in place.

        None, and an infinite saliency, for those that do not fit.
        """
        for q in places:
            group = connectivity.closure([surgery.active[q]])
            fits = len(group) <= room
            found[q] = (group, connectivity.without_effect(group)) if fits else None
        joint = [q for q in places if found[q] is not None]
        groups = [surgery.positions(found[q][0]) for q in joint]
        targets = [surgery.targets(*found[q]) for q in joint]
        saliencies[places] = np.inf
        saliencies[joint] = surgery.elimination.joint_saliencies(groups, targets)


def _deletion(surgery, group, place, saliency):
    """The deletion of weights of which some are held, with what it relieves the objective of."""
    weights, is_held = group
    relief = surgery.relief(weights[is_held])
    return Deletion(weights, is_held, *place, saliency, relief)


# ---- groups -----------------------------------------------------------------------------------


class Groups:
    """Candidates of several weights each, with different costs: `count` and `seeds` say which.

    Groups are priced one by one: where they are many, all of them only when a block begins; the
    later deletions of a block are among those that were the cheapest then.
    """

    #: How many of the cheapest are looked at again: twice what a block may take, so that those
    #: whose saliency has risen meanwhile have others to give way to. (On 600 inputs the path is
    #: that of pricing all of them each time.)
    SHORTLIST = 2 * BLOCK

    #: Costs other than one, by the index of a candidate: they go in the order of their joint
    #: saliency divided by this.
    costs: dict = {}

    def count(self, connectivity):
        """How many candidates there are."""
        return sum(1 for _ in self.seeds(connectivity))

    def seeds(self, connectivity):
        """``(layer, index, weights)`` of each candidate."""
        raise NotImplementedError

    def ranking(self, connectivity, excluded=(), n_tried=1):
        """The order of the groups in one model."""
        refused = {(deletion.layer, deletion.index) for deletion in excluded}
        return _RankedGroups(self, refused, n_tried)


class Units(Groups):
    """Hidden units."""

    def count(self, connectivity):
        """How many units there are."""
        return connectivity.n_units()

    def seeds(self, connectivity):
        """The outgoing weights of each unit."""
        return connectivity.units()


class Inputs(Groups):
    """Inputs, or groups of inputs that stand or fall together.

    Parameters
    ----------
    groups : list of ndarray of int, default=None
        Inputs that are one candidate; None for each on its own.
    costs : dict of int to float, default=None
        Costs other than one, by an input (a group's first one): candidates go in the order of
        their saliency divided by this.
    """

    def __init__(self, groups=None, costs=None):
        self.groups, self.costs = groups, costs or {}

    def count(self, connectivity):
        """How many inputs, or groups of them, there are."""
        return connectivity.n_inputs(self.groups)

    def seeds(self, connectivity):
        """The weights of each input, or group of them."""
        return connectivity.inputs(self.groups)


class _RankedGroups:
    def __init__(self, candidates, excluded, n_tried):
        self._candidates, self._excluded, self._n_tried = candidates, excluded, n_tried
        self._shortlist, self._n_served = [], 0

    def cheapest(self, surgery, connectivity, room):
        """The group with the least joint saliency for its cost."""
        is_new = not self._n_served
        seeds = self._candidates.seeds(connectivity) if is_new else self._shortlist
        found, is_limited = self._candidates_within(seeds, connectivity, room)
        offers = self._priced(found, surgery)
        if is_new:
            self._shortlist = [seed for *_, seed in offers[: self._candidates.SHORTLIST]]
            self._n_served = block_length(self._candidates.count(connectivity))
        self._n_served -= 1
        if not offers:
            return None, is_limited
        if self._n_tried > 1 and _is_at_start(surgery.elimination):
            offers = self._tried(offers[: self._n_tried], surgery)
        _, saliency, group, (layer, index, _) = offers[0]
        return _deletion(surgery, group, (layer, index), saliency), is_limited

    def _candidates_within(self, seeds, connectivity, room):
        """The weights of each group that may go, with those held, and its seed."""
        found, is_limited = [], False
        for layer, index, weights in seeds:
            left = weights[connectivity.alive[weights]]
            if not len(left) or (layer, index) in self._excluded:
                continue
            group = connectivity.closure(left)
            if len(group) > room:
                is_limited = True
                continue
            found.append(((group, connectivity.without_effect(group)), (layer, index, weights)))
        return found, is_limited

    def _tried(self, offers, surgery):
        """The offers by the rise of the objective itself for the cost, the least first."""
        base = surgery.model.value - surgery.newton_decrease + surgery.rise
        rises = [_value_after(surgery, *group) - base for _, _, group, _ in offers]
        costs = [self._candidates.costs.get(seed[1], 1.0) for *_, seed in offers]
        return [offers[k] for k in np.argsort(np.divide(rises, costs), kind="stable")]

    def _priced(self, found, surgery):
        """Saliency by cost, saliency, weights and seed of each group, the cheapest first."""
        positions = [surgery.positions(group) for (group, _), _ in found]
        targets = [surgery.targets(*group) for group, _ in found]
        saliencies = surgery.elimination.joint_saliencies(positions, targets).tolist()
        costs = self._candidates.costs
        offers = [
            (saliency / costs.get(seed[1], 1.0), saliency, group, seed)
            for saliency, (group, seed) in zip(saliencies, found)
        ]
        return sorted(offers, key=itemgetter(0))


def _is_at_start(elimination):
    """Whether a block begins, so that a deletion in its place is one more deletion."""
    return np.array_equal(elimination.weights, elimination.weights_after(0))


def _value_after(surgery, group, is_held):
    """The objective after a deletion, by the better one of its two updates (see `block`)."""
    elimination, positions = surgery.elimination, surgery.positions(group)
    updates = [elimination.weights_without(positions, surgery.targets(group, is_held))]
    if is_held.any():
        updates.append(elimination.weights_without(positions[~is_held]))
    value = surgery.model.objective.value
    return min(value(surgery.network(weights, group)) for weights in updates)
