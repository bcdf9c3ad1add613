"""HS97's penalty on the precision that weights need, a function of them with an exact gradient."""

import numpy as np
from scipy import sparse

# HS97: a smaller derivative counts as this one, so that logarithms stay finite.
_FLOOR = 1e-20

# Patterns are taken in chunks whose arrays stay in the processor's cache, and below the size from
# which the allocator asks the system for fresh pages: several times faster.
_CHUNK_BYTES, _MIN_CHUNK = 120_000, 16


class FlatMinimumPenalty:
    """HS97's B: how precisely weights must be given for the outputs to stay as they are.

    With ``J_k,ij = do_k/dw_ij`` for a pattern, ``a_ij = sum_k J_k,ij^2``, ``S_k = sum_ij |J_k,ij|
    / sqrt(a_ij)`` and ``T = sum_k S_k^2``, the largest box around the weights within which the
    outputs move by at most ``epsilon`` (squared, to first order) and all weights contribute alike
    has edges ``|dw_ij| = sqrt(epsilon / (a_ij T))`` (HS97 eq. 5), and B is minus the sum of their
    logarithms, here averaged over patterns.

    The Jacobian is a product ``x_i r_kj`` of layer inputs and sensitivities. So
    ``sqrt(a_ij) = |x_i| sqrt(sum_k r_kj^2)``, and what S_k sums does not depend on the input:
    B needs the factors only, c h numbers a pattern for h units, and its gradient is one more
    backpropagation through them, O(P c n) operations. Direct links are one more layer, which has
    no biases: it sees the inputs, and shares the outputs' sensitivities.

    Parameters
    ----------
    network : Network
    kept : ndarray of int
        Flat indices of the weights that exist.
    resolution : float, default=0.0
        Blurs the logarithms' poles for optimisers that need smooth functions: values and
        sensitivities become ``sqrt(x^2 + resolution^2)``. The published B has none.
    """

    def __init__(self, network, kept, resolution=0.0):
        self.network, self.blur = network, resolution**2
        self.n_weights = len(kept)
        self._kept = np.zeros(network.n_weights)
        self._kept[kept] = 1.0
        self._exists = network.layers(self._kept)
        if network.direct_links:
            no_bias = np.zeros((1, network.n_outputs))
            self._exists.append(np.vstack([network.direct(self._kept), no_bias]))

    def value(self, w, X, weights, epsilon=1.0):
        """Weighted mean of B over the patterns."""
        total = sum(
            float(weights[chunk] @ _Factors(self, w, X[chunk]).values(epsilon))
            for chunk in self._chunks(X)
        )
        return total / weights.sum()

    def value_and_gradient(self, w, X, weights):
        """The same (for epsilon = 1), and its gradient."""
        scale = weights / weights.sum()
        value, gradient = 0.0, np.zeros(self.network.n_weights)
        for chunk in self._chunks(X):
            factors = _Factors(self, w, X[chunk])
            value += float(scale[chunk] @ factors.values(1.0))
            gradient += factors.gradient(scale[chunk])
        return value, gradient * self._kept

    def log_edges(self, w, X, weights, epsilon=1.0):
        """Logarithms of the box's edges, flat.

        Each is the mean over the patterns in which the weight has an influence: a one-hot input
        that is off says nothing about its weights. Weights that never have one are at the floor.
        """
        sums, log_total = np.zeros((2, self.network.n_weights)), 0.0
        for chunk in self._chunks(X):
            factors = _Factors(self, w, X[chunk])
            sums += factors.log_square_sums(weights[chunk])
            log_total += float(weights[chunk] @ np.log(factors.total))
        logs, counts = sums
        floor = np.log(self.network.n_outputs * _FLOOR**2) + log_total / weights.sum()
        logs = np.where(counts > 0, logs / np.where(counts > 0, counts, 1.0), floor)
        return 0.5 * (np.log(epsilon) - logs)

    def _chunks(self, X):
        """Slices of patterns."""
        n_inputs, *units = self.network.layer_sizes
        largest = max(n_inputs, self.network.n_outputs * max(units))
        size = max(_MIN_CHUNK, _CHUNK_BYTES // (8 * largest))
        return [slice(start, start + size) for start in range(0, X.shape[0], size)]


class _Factors:
    """The output Jacobian's factors for some patterns, and what B needs of them.

    A weight whose input, or whose unit, has no influence in a pattern has the floor as all its
    derivatives: it counts in B, and has no gradient.
    """

    def __init__(self, penalty, w, X):
        self.penalty, self.network, self.w = penalty, penalty.network, w
        if sparse.issparse(X):
            X = X.toarray()
        self.layer_values, self.sensitivities = self.network.sensitivities(w, X)
        self.inputs, self.roots = self.layer_values[:-1], list(self.sensitivities)
        if self.network.direct_links:
            self.inputs.append(self.inputs[0])
            self.roots.append(self.roots[-1])
        n_outputs = self.network.n_outputs
        self.dead_log = np.log(n_outputs * _FLOOR**2)
        self.sums = np.zeros((len(X), n_outputs))  # S_k
        self.log_squares = np.zeros(len(X))  # sum_ij log a_ij
        self.live_inputs, self.live_units, self.counts = [], [], []
        self.squares, self.norms, self.shares, self.sizes = [], [], [], []
        n_live = np.zeros(len(X))
        for depth, exists in enumerate(penalty._exists):
            n_live += self._add_layer(depth, exists)
        n_dead = penalty.n_weights - n_live
        self.sums += (n_dead / np.sqrt(n_outputs))[:, None]
        self.log_squares += n_dead * self.dead_log
        # T, positive but in a network without weights.
        self.total = np.maximum(np.square(self.sums).sum(axis=1), np.finfo(float).tiny)

    def _add_layer(self, depth, exists):
        """Add a layer to S_k and the sum of logarithms; return its live weights a pattern."""
        value, root = self.inputs[depth], self.roots[depth]
        n_outputs, blur = root.shape[1], self.penalty.blur
        live_input = np.abs(value) > _FLOOR
        square = root * root
        square += blur / n_outputs
        norm_square = square.sum(axis=1)
        live_unit = norm_square > _FLOOR**2
        norm_square[~live_unit] = 1.0
        norm = np.sqrt(norm_square)
        size = np.sqrt(square, out=square) if blur else np.abs(root, out=square)
        share = size / norm[:, None, :]
        if not live_unit.all():
            share *= live_unit[:, None, :]
        of_input, count = _live_weights(live_input, live_unit, exists)
        squares = value * value + blur
        squares[~live_input] = 1.0
        self.log_squares += np.einsum("ki,ki->k", of_input, np.log(squares))
        self.log_squares += np.einsum("kj,kj->k", count, np.log(norm_square))
        self.sums += np.einsum("kcj,kj->kc", share, count)
        self.live_inputs.append(live_input)
        self.live_units.append(live_unit)
        self.counts.append((of_input, count))
        self.squares.append(squares)
        self.norms.append(norm)
        self.shares.append(share)
        self.sizes.append(size)
        return count.sum(axis=1)

    def values(self, epsilon):
        """B of each pattern."""
        n = self.penalty.n_weights
        return 0.5 * (self.log_squares + n * np.log(self.total / epsilon))

    def gradient(self, scale):
        """Gradient of the sum of B over the patterns, weighted by ``scale``."""
        pull = scale[:, None] * self.sums * (self.penalty.n_weights / self.total)[:, None]
        bars, value_bars = [], []
        for depth, (share, norm) in enumerate(zip(self.shares, self.norms)):
            of_input, count = self.counts[depth]
            inner = np.einsum("kc,kcj->kj", pull, share)
            bar = share * (scale[:, None] - inner)[:, None, :]
            bar += pull[:, :, None]
            bar *= (count / norm)[:, None, :]
            bar *= self._slope(depth)
            bars.append(bar)
            if 0 < depth < self.network.n_layers:
                pole = self.inputs[depth] / self.squares[depth]
                value_bars.append(scale[:, None] * of_input * pole)
        if self.network.direct_links:
            of_direct = bars.pop()
            bars[-1] += of_direct
        return self.network.sensitivities_backward(
            self.w, self.layer_values, self.sensitivities, bars, value_bars
        )

    def _slope(self, depth):
        """Derivative of ``sqrt(root^2 + blur)``; the sign, without blur."""
        root = self.roots[depth]
        return root / self.sizes[depth] if self.penalty.blur else np.sign(root)

    def log_square_sums(self, weights):
        """Sums of ``log a_ij + log T`` over the patterns with an influence, and their weight."""
        result = np.empty((2, self.network.n_weights))
        log_total = np.log(self.total)[:, None]
        layers = [self.network.layers(part) for part in result]
        for depth, live_unit in enumerate(self.live_units):
            live_unit = live_unit.astype(float)
            log_norm = 2.0 * np.log(self.norms[depth])
            of_unit = live_unit * (log_norm + log_total)
            live = weights[:, None] * self.live_inputs[depth]
            of_coef = live.T @ of_unit + (live * np.log(self.squares[depth])).T @ live_unit
            if depth == self.network.n_layers:
                logs, counts = map(self.network.direct, result)
                logs[:], counts[:] = of_coef, live.T @ live_unit
                continue
            logs, counts = (part[depth] for part in layers)
            logs[:-1], logs[-1] = of_coef, weights @ of_unit
            counts[:-1], counts[-1] = live.T @ live_unit, weights @ live_unit
        return result


def _live_weights(live_input, live_unit, exists):
    """Existing weights a pattern that have an influence: of each input, and of each unit.

    One row for all patterns where everything is alive, as it is but for zero inputs and dead units.
    """
    if live_input.all() and live_unit.all():
        return exists[:-1].sum(axis=1)[None], exists.sum(axis=0)[None]
    count = (live_input @ exists[:-1] + exists[-1]) * live_unit
    return (live_unit @ exists[:-1].T) * live_input, count
