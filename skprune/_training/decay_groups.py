"""Which weights of a network share a decay, where it starts, and what ties it to others."""

from dataclasses import dataclass, replace

import numpy as np

from .._curvature.evidence import fixed_point

# A prior of standard deviation 30 or 0.01, for inputs and targets of about one: beyond them a decay
# changes nothing but the condition of the curvature.
_LEAST_DECAY, MOST_DECAY = 1e-3, 1e4


@dataclass(frozen=True)
class Kind:
    """Weights that play the same part: the inputs' weights into hidden units, the direct links...

    Attributes
    ----------
    first : float or None
        Decay to start from, for inputs and targets of about one; None for that of the start.
    ties : float
        Strength of the hyperprior that ties the decay of a group, say one input, to that of the
        kind: as if so many more weights of the group had the kind's.
    least : float
        Lowest decay.
    is_fixed : bool
        Whether the decay stays as it is.
    """

    first: float | None = None
    ties: float = 1.0
    least: float = _LEAST_DECAY
    is_fixed: bool = False


# The constants are those of 32 tables (log-loss on held-out rows, geometric mean of the ratios to
# logistic regression) unless another is named.
#
# Inputs of hidden units have a decay each, almost free: the evidence of churn rises from -594 to
# -504, madelon's loss falls from .59 to .36. Hidden biases start low: units may bend anywhere.
_INPUT, _BIAS = Kind(ties=0.1), Kind(first=0.3)
_BETWEEN = Kind()
# Not below .3: a unit's incoming and outgoing weights can change their scale against each other,
# and with a low decay here units take the linear part from the direct links. .03, .3 and 1 on
# churn: evidence -552, -539, -580.
_OUTPUT = Kind(least=0.3)
# A decay an input, too, but tied: free ones choose inputs by noise (credit-g .514 -> .526, breast
# cancer .085 -> .100), where two weights' worth of the others' keep most of the gain.
_DIRECT = Kind(first=3.0, ties=2.0)
# Units of one input: they start as that input's own bent line, with outgoing weights near zero.
_OWN_INPUT, _OWN_BIAS = Kind(first=1.0), Kind(first=1.0)
_OWN_OUTPUT = Kind(first=10.0, ties=2.0, least=0.3)


def output_bias_decay(network):
    """The output biases' fixed weak decay.

    They are where the base rates (the mean) are kept, which no evidence should shrink; but without
    any decay the curvature of softmax outputs is singular, and of sure ones all but.
    """
    return 1e-3 if network.has_independent_outputs else 1e-2


@dataclass(frozen=True)
class DecayGroups:
    """Groups of the kept weights, and their kinds.

    Attributes
    ----------
    group : ndarray of int of shape (n_kept,)
        Number of each weight's group.
    kind : ndarray of int of shape (n_groups,)
        Number of each group's kind.
    kinds : list of Kind
    """

    group: np.ndarray
    kind: np.ndarray
    kinds: list

    @property
    def kind_of_weight(self):
        return self.kind[self.group]

    def _each(self, name):
        """An attribute of each kind."""
        return np.array([getattr(kind, name) for kind in self.kinds])

    def first(self, strength):
        """Precision of each weight's prior to start from."""
        first = [strength if kind.first is None else kind.first for kind in self.kinds]
        return np.array(first)[self.kind_of_weight]

    def updated(self, posterior):
        """Precision of each weight's prior after an update by the evidence.

        ``a_g = (gamma_g + t) / (|w_g|^2 + t / a)`` for a group of a kind with decay a and ties t.
        """
        kind, least, ties = self.kind, self._each("least"), self._each("ties")[self.kind]
        pooled = np.clip(fixed_point(posterior, self.kind_of_weight), least, MOST_DECAY)[kind]
        determined = np.bincount(self.group, posterior.determined)
        squares = np.bincount(self.group, np.square(posterior.weights))
        own = np.clip((determined + ties) / (squares + ties / pooled), least[kind], MOST_DECAY)
        is_fixed = self._each("is_fixed")[self.kind_of_weight]
        return np.where(is_fixed, posterior.precisions, own[self.group])

    def of(self, chosen):
        """The groups of some of the weights, those where ``chosen`` is True."""
        group, members = np.unique(self.group[chosen], return_inverse=True)
        kind, numbers = np.unique(self.kind[group], return_inverse=True)
        return DecayGroups(members, numbers, [self.kinds[number] for number in kind])

    def fixed(self):
        """The same groups, whose decays stay as they are."""
        return replace(self, kinds=[replace(kind, is_fixed=True) for kind in self.kinds])

    def is_output_bias(self):
        """Which weights are output biases."""
        return np.array([kind.is_fixed for kind in self.kinds])[self.kind_of_weight]

    def is_linear(self):
        """Which weights are those of the linear model inside: direct links and output biases."""
        linear = np.array([kind is _DIRECT or kind.is_fixed for kind in self.kinds])
        return linear[self.kind_of_weight]


def decay_groups(network, n_own=0):
    """Groups of all weights of a network: an input's weights are one, all else is by layer.

    Parameters
    ----------
    network : Network
    n_own : int, default=0
        How many of the first hidden layer's units, the last ones, have one input of their own.

    Returns
    -------
    DecayGroups
    """
    kinds, kind = [], np.empty(network.n_weights, dtype=np.intp)
    member = np.zeros(network.n_weights, dtype=np.intp)
    for number, (own_kind, flat, members) in enumerate(_kinds(network, n_own)):
        kinds.append(own_kind)
        kind[flat], member[flat] = number, members
    code, group = np.unique(kind * network.n_weights + member, return_inverse=True)
    everything = DecayGroups(group, code // network.n_weights, kinds)
    return everything.of(np.ones(network.n_weights, dtype=bool))  # drops kinds without weights


def _kinds(network, n_own):
    """Each kind, its weights, and the number of the group of each within the kind."""
    groups, sizes, last = network.groups(), network.layer_sizes, network.n_layers - 1
    by_input = np.arange(sizes[0])[:, None]
    for depth in range(network.n_layers):
        coefs = groups[f"coefs_[{depth}]"].reshape(sizes[depth], sizes[depth + 1])
        biases = groups[f"intercepts_[{depth}]"]
        if depth == last:
            yield Kind(first=output_bias_decay(network), is_fixed=True), biases, 0
        if last == 0:
            yield _DIRECT, coefs, by_input
        elif depth == 0:
            n_full = sizes[1] - n_own
            yield _INPUT, coefs[:, :n_full], by_input
            yield _OWN_INPUT, coefs[:, n_full:], 0
            yield _BIAS, biases[:n_full], 0
            yield _OWN_BIAS, biases[n_full:], 0
        elif depth == last:
            n_full = sizes[depth] - (n_own if last == 1 else 0)
            yield _OUTPUT, coefs[:n_full], 0
            yield _OWN_OUTPUT, coefs[n_full:], np.arange(sizes[depth] - n_full)[:, None]
        else:
            yield _BETWEEN, coefs, 0
            yield _BIAS, biases, 0
    if network.direct_links:
        yield _DIRECT, groups["direct_coef_"].reshape(sizes[0], sizes[-1]), by_input
