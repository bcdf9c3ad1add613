"""The Gauss-Newton matrix of a network and its inverse, three ways.

With ``Z`` the Jacobian of the output pre-activations times the root of the loss curvature, scaled
so that patterns are averaged, the Gauss-Newton (for canonical losses: Fisher information) matrix
is ``Z'Z`` and what is inverted is ``Z'Z + D``, D a positive diagonal of weight decay and damping:

* :func:`inverse_by_recursion`, HS93 eq. 17 and its multi-output form: O(P c n^2), memory bound;
* :func:`gauss_newton` then :class:`DampedInverse`: matrix products and a Cholesky factor;
* :func:`inverse_by_dual`, when the P c rows of Z are fewer than its n columns: O(P^2 c^2 n).

Matrices hold the surviving weights ``kept`` (sorted flat indices) only. All are float64.
"""

from itertools import pairwise

import numpy as np
from joblib import effective_n_jobs
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.sparse import csr_array, issparse
from sklearn import get_config
from sklearn.utils.parallel import Parallel, delayed

from ._threads import one_blas_thread, symmetric_threads

# Never fewer patterns a chunk than this: below it the products lose their speed.
_MIN_CHUNK = 64
# Multiplications in the time that the calls around one product take.
_CALLS = 2**18
# Numbers of the curvature of the units that the assembly by units holds, so that they stay in the
# cache; yet never so few patterns that its products are all calls.
_CACHED_NUMBERS, _MIN_CACHED = 2**20, 16
# Numbers in the left factor of one product of the structured assembly.
_BLOCK_NUMBERS = 2**22
# Of arrays that LAPACK works on in place: from others it would make a copy of its own.
_IN_PLACE = ("ALIGNED", "WRITEABLE")


class _Survivors:
    """The surviving weights of each layer as rows (inputs) and columns (units).

    Attributes
    ----------
    bounds : ndarray of int
        Where each layer starts among the survivors.
    inputs, units : list of ndarray of int
        Input and unit of each surviving weight of a layer.
    live_inputs, live_units : list of ndarray of int
        Those of a layer that have a surviving weight at all.
    rows, columns : list of ndarray of int
        `inputs` and `units` as positions among the live ones.
    """

    def __init__(self, network, kept):
        self.kept = np.asarray(kept, dtype=np.intp)
        self.bounds = np.searchsorted(self.kept, network.offsets)
        self.inputs, self.units = [], []
        self.live_inputs, self.live_units, self.rows, self.columns = [], [], [], []
        for depth, (_, width) in enumerate(network.shapes):
            start, stop = self.bounds[depth : depth + 2]
            inputs, units = np.divmod(self.kept[start:stop] - network.offsets[depth], width)
            self.inputs.append(inputs)
            self.units.append(units)
            live, rows = np.unique(inputs, return_inverse=True)
            self.live_inputs.append(live)
            self.rows.append(rows)
            live, columns = np.unique(units, return_inverse=True)
            self.live_units.append(live)
            self.columns.append(columns)

    def __len__(self):
        return len(self.kept)

    @property
    def live(self):
        return self.live_inputs, self.live_units


def _chunks(objective, bytes_a_pattern, least=_MIN_CHUNK):
    """Slices of patterns that fit scikit-learn's ``working_memory``, whatever ``n_jobs``."""
    n_samples = objective.X.shape[0]
    budget = get_config()["working_memory"] * 2**20
    size = max(least, int(budget // max(bytes_a_pattern, 1)))
    return [slice(start, start + size) for start in range(0, n_samples, size)]


def _even_slices(start, stop, size):
    """Slices of about ``size`` patterns, all alike."""
    edges = np.linspace(start, stop, max(1, round((stop - start) / size)) + 1).astype(int)
    return [slice(low, high) for low, high in pairwise(edges.tolist())]


def _scaled_factors(objective, w, chunk, live_inputs, live_units):
    """Inputs and curvature roots of a chunk's patterns, scaled by the root of their weight."""
    network, X = objective.network, objective.X[chunk]
    inputs, roots = network.jacobian_factors(w, X, objective.smoothing, live_inputs, live_units)
    scale = np.sqrt(objective.weights[chunk] / objective.total)
    for root in roots:
        root *= scale[:, None, None]
    return inputs, roots


def jacobian_chunks(objective, w, kept):
    """Yield Z chunk by chunk, arrays of shape (n_chunk * n_outputs, n_kept)."""
    survivors = _Survivors(objective.network, kept)
    for chunk in _chunks(objective, _jacobian_bytes(objective.network, survivors)):
        yield _jacobian(objective, w, survivors, chunk)


def _jacobian_bytes(network, survivors):
    return 8 * 2 * network.n_outputs * (len(survivors) + 1)


def _jacobian(objective, w, survivors, chunk):
    """Z of a chunk of patterns."""
    inputs, roots = _scaled_factors(objective, w, chunk, *survivors.live)
    n_outputs = objective.network.n_outputs
    block = np.empty((len(inputs[0]), n_outputs, len(survivors)))
    for depth, (rows, cols) in enumerate(zip(survivors.rows, survivors.columns)):
        start, stop = survivors.bounds[depth : depth + 2]
        np.multiply(
            roots[depth][:, :, cols], inputs[depth][:, None, rows], out=block[:, :, start:stop]
        )
    return block.reshape(block.shape[0] * n_outputs, len(survivors))


def gauss_newton_diagonal(objective, w, kept):
    """Diagonal of the Gauss-Newton matrix plus weight decay: O(P n), no n x n array."""
    network, survivors = objective.network, _Survivors(objective.network, kept)
    diagonal = objective.decay[survivors.kept].copy()
    numbers = 4 * sum(network.layer_sizes) + 2 * network.n_outputs * sum(network.layer_sizes[1:])
    for chunk in _chunks(objective, 8 * numbers):
        inputs, roots = _scaled_factors(objective, w, chunk, *survivors.live)
        for depth, (rows, cols) in enumerate(zip(survivors.rows, survivors.columns)):
            lengths = np.einsum("kcj,kcj->kj", roots[depth], roots[depth])
            squares = np.square(inputs[depth]).T @ lengths
            start, stop = survivors.bounds[depth : depth + 2]
            diagonal[start:stop] += squares[rows, cols]
    return diagonal


def input_saliencies(objective, w, groups=None):
    """``1/2 w_S' H_SS w_S`` for S the outgoing weights of each input: O(P c n_inputs h).

    The second-order rise of the loss when an input is set to zero and nothing compensates. Inputs
    that are a group (lists of columns, each input in one of them) are cut together, and each of
    them is given the saliency of the whole.
    """
    coef = objective.network.layers(w)[0][:-1]
    n_units = coef.shape[1]
    members = None if groups is None else _membership(groups, len(coef))
    saliencies = np.zeros(len(coef) if groups is None else len(groups))
    others = [np.empty(0, np.intp)] * (objective.network.n_layers - 1)
    units = [np.arange(n_units), *others]
    size = 8 * objective.network.n_outputs * (len(coef) + n_units)
    for chunk in _chunks(objective, 2 * size, least=1):
        live = np.flatnonzero(_counts(objective.X[chunk]))
        inputs, roots = _scaled_factors(objective, w, chunk, [live, *others], units)
        effects = (roots[0].reshape(-1, n_units) @ coef[live].T).reshape(*roots[0].shape[:2], -1)
        effects *= inputs[0][:, None]
        if members is None:
            saliencies[live] += np.square(effects).sum(axis=(0, 1))
        else:
            effects = effects.reshape(-1, len(live)) @ members[live]
            saliencies += np.square(effects).sum(axis=0)
    return 0.5 * (saliencies if members is None else members @ saliencies)


def _membership(groups, n_inputs):
    """Matrix of shape (n_inputs, n_groups), one where an input is in a group."""
    numbers = np.repeat(np.arange(len(groups)), [len(columns) for columns in groups])
    ones = np.ones(len(numbers))
    return csr_array((ones, (np.concatenate(groups), numbers)), shape=(n_inputs, len(groups)))


def gauss_newton(objective, w, kept, *, n_jobs=None):
    """Gauss-Newton matrix of the surviving weights, weight decay included.

    Three ways, the one with the fewest operations being taken: ``Z'Z`` from an explicit Jacobian
    (P c n^2), for few outputs; or with the outputs summed before the products: by the layers'
    Kronecker structure (P n^2 for the live inputs and units), in which inputs that are zero
    cost nothing; or by the weights into each unit (P n^2 for the survivors).

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
        Sorted flat indices of the surviving weights.
    n_jobs : int, default=None
        Chunks of patterns are joblib tasks; each worker holds an n x n matrix.

    Returns
    -------
    hessian : ndarray of shape (n_kept, n_kept), Fortran-ordered
        Both triangles are filled.
    """
    survivors = _Survivors(objective.network, kept)
    add, bytes_a_pattern, is_single = _cheapest_way(objective, w, survivors)
    chunks = _chunks(objective, bytes_a_pattern)
    hessian = np.zeros((len(survivors), len(survivors)))
    # One chunk is not worth the way to a worker, which may be another machine.
    if len(chunks) == 1 or effective_n_jobs(n_jobs) == 1:
        with one_blas_thread(is_single):
            for chunk in chunks:
                add(hessian, objective, w, survivors, chunk)
    else:
        tasks = (delayed(_part)(add, objective, w, survivors, chunk) for chunk in chunks)
        for part in Parallel(n_jobs=n_jobs, return_as="generator")(tasks):
            hessian += part
    _mirror(hessian)
    hessian[np.diag_indices(len(survivors))] += objective.decay[survivors.kept]
    return hessian.T


def _part(add, objective, w, survivors, chunk):
    """One chunk's part of the Gauss-Newton matrix, upper triangle of a C-ordered array."""
    hessian = np.zeros((len(survivors), len(survivors)))
    add(hessian, objective, w, survivors, chunk)
    return hessian


def _cheapest_way(objective, w, survivors):
    """The way to add a chunk's part, the bytes that it takes for a pattern, and its BLAS threads.

    Multiplications a pattern, passes through memory being counted as the many that they take the
    time of, as measured. Of small networks the number of products is what counts.
    """
    network, n_kept, activity = objective.network, len(survivors), _activity(objective)
    n_units, carriers = sum(map(len, survivors.live_units)), _carriers(network, w, survivors)
    n_samples, n_cached = objective.X.shape[0], _n_cached(survivors, carriers)
    roots = 180 * network.n_outputs * n_units
    costs = {
        # numpy squares Z at half the operations.
        _add_product: roots + 0.5 * network.n_outputs * n_kept * (n_kept + 40),
        _add_structured: roots + _structured_cost(survivors, activity),
        _add_by_units: _curvature_cost(carriers) + 0.5 * n_kept * (n_kept + 15 * n_units),
    }
    sizes = {
        _add_product: _jacobian_bytes(network, survivors),
        _add_structured: 8 * _curvature_size(network),
        _add_by_units: 8 * (3 * n_kept + _n_unit_pairs(carriers)),
    }
    n_products = {
        _add_product: 1,
        _add_structured: network.n_layers * (network.n_layers + np.count_nonzero(activity < 1)),
        _add_by_units: n_units * max(1, n_samples / n_cached),
    }
    calls = _CALLS / n_samples
    way = min(costs, key=lambda way: costs[way] + calls * n_products[way])
    # An input that is mostly zero comes alone, and so does a unit: threads would only wait in
    # products of that size.
    is_sparse = way is _add_structured and activity[:-1].mean() < 0.5
    return way, sizes[way], is_sparse or way is _add_by_units


def _activity(objective):
    """The share of the patterns that each input costs: those that have it on, if a minority."""
    shares = _counts(objective.X) / objective.X.shape[0]
    return np.append(np.where(shares > 0.5, 1.0, shares), 1.0)


def _counts(X):
    """In how many patterns each input is not zero."""
    # (SciPy's own count sorts the indices of the matrix it is given.)
    if issparse(X):
        return np.bincount(X.indices[X.data != 0], minlength=X.shape[1])
    return np.count_nonzero(X, axis=0)


def _add_product(hessian, objective, w, survivors, chunk):
    """Add ``Z'Z`` of one chunk, both triangles."""
    block = _jacobian(objective, w, survivors, chunk)
    with symmetric_threads(len(survivors)):
        hessian += block.T @ block


def _add_by_units(hessian, objective, w, survivors, chunk):
    """Add one chunk's part of the Gauss-Newton matrix, both triangles.

    The weights into units j and m have the block ``sum_k C_jm,k a_j a_m'``, C being the curvature
    of the units: for each unit one product with all that follow.
    """
    network, units = objective.network, _carriers(objective.network, w, survivors)
    firsts = np.cumsum([0, *map(len, units)])
    places = [np.searchsorted(own, of) for own, of in zip(units, survivors.units)]
    unit = np.concatenate([place + first for place, first in zip(places, firsts)])
    order = np.argsort(unit, kind="stable")
    unit = unit[order]
    bounds = np.searchsorted(unit, np.arange(firsts[-1] + 1))
    # Outputs that share no curvature have no products with each other.
    n_mixed = firsts[-2] if network.has_independent_outputs else firsts[-1]
    by_unit = np.zeros_like(hessian)
    start, stop, _ = chunk.indices(objective.X.shape[0])
    for few in _even_slices(start, stop, _n_cached(survivors, units)):
        shares = objective.weights[few] / objective.total
        inputs, curvatures = network.curvature_factors(
            w, objective.X[few], shares, survivors.live_inputs, units, objective.smoothing
        )
        # Patterns last: to take units and inputs is then to copy rows.
        values = np.vstack([part.T[rows] for part, rows in zip(inputs, survivors.rows)])[order]
        pairs = (row[own:] for part in curvatures for own, row in enumerate(part))
        for own, (curvature, (begin, end)) in enumerate(zip(pairs, pairwise(bounds))):
            last = len(unit) if own < n_mixed else end
            if begin < end:
                weighted = curvature.take(unit[begin:last] - own, axis=0)
                weighted *= values[begin:last]
                by_unit[begin:end, begin:last] += values[begin:end] @ weighted.T
    _mirror(by_unit)
    place = np.argsort(order)
    for begin, end in pairwise(bounds):
        hessian[order[begin:end]] += by_unit[begin:end].take(place, axis=1)


def _carriers(network, w, survivors):
    """The units of each layer that have surviving weights or see, by others, units that have."""
    units, below = [], np.empty(0, np.intp)
    for layer, live in zip(network.layers(w), survivors.live_units):
        below = np.union1d(live, np.flatnonzero(layer[below].any(axis=0)))
        units.append(below)
    return units


def _n_cached(survivors, units):
    """Patterns that the assembly by units takes at a time."""
    return max(_CACHED_NUMBERS // (1 + _n_unit_pairs(units) + len(survivors)), _MIN_CACHED)


def _curvature_cost(units):
    """Multiplications a pattern of the curvature of the units, and its passes through memory."""
    counts = [len(own) for own in units]
    products = sum(
        own * above * sum(counts[depth:]) for depth, (own, above) in enumerate(pairwise(counts))
    )
    return products + 20 * _n_unit_pairs(units)


def _n_unit_pairs(units):
    """Numbers a pattern of the curvature of the units of each layer with those that follow."""
    counts = [len(own) for own in units]
    return sum(count * sum(counts[depth:]) for depth, count in enumerate(counts))


def _structured_cost(survivors, activity):
    """Multiplications a pattern of the structured way."""
    sizes = [(len(i), len(u)) for i, u in zip(survivors.live_inputs, survivors.live_units)]
    cost = 0
    for depth, (height, width) in enumerate(sizes):
        own = 0.5 * height**2 * width**2
        own += sum(height * width * rows * columns for rows, columns in sizes[depth + 1 :])
        if depth == 0 and height:
            own *= activity[survivors.live_inputs[0]].mean()
        cost += own
    return cost


def _curvature_size(network):
    """Numbers a pattern of the arrays that the structured way holds."""
    units = np.array(network.layer_sizes[1:])
    pairs = int(sum(units[i] * units[i:].sum() for i in range(len(units))))
    return 3 * pairs + 2 * sum(network.layer_sizes) + network.n_outputs * int(units.sum())


def _add_structured(hessian, objective, w, survivors, chunk):
    """Add one chunk's part of the Gauss-Newton matrix to the upper triangle.

    dE/dW_l = a_l (x) delta_l, so block (l, m) is ``sum_k (a_l a_m')_k (x) (B_l' A B_m)_k``: for
    some inputs of layer l at a time, one product over the patterns that have them on.
    """
    network = objective.network
    inputs, roots = _scaled_factors(objective, w, chunk, *survivors.live)
    n_mixed = network.n_layers
    if network.has_independent_outputs:
        n_mixed -= 1
        _add_independent(hessian, survivors, inputs, roots)
    for other in range(n_mixed):
        back = np.ascontiguousarray(roots[other].transpose(0, 2, 1))
        for depth in range(other + 1):
            _add_block(hessian, survivors, (depth, other), inputs, back @ roots[depth])


def _taken(array, live, axis):
    """The positions ``live`` of an axis; no copy where these are all."""
    return array if len(live) == array.shape[axis] else array.take(live, axis)


def _add_independent(hessian, survivors, inputs, roots):
    """Add the last layer's blocks, its units being outputs that share no curvature.

    The last root is diagonal: no product over the outputs is needed.
    """
    last = len(roots) - 1
    start, live = survivors.bounds[last], survivors.live_units[last]
    diagonal = roots[last][:, live, np.arange(len(live))]
    for depth in range(last):
        curvature = _taken(roots[depth], live, 1) * diagonal[:, :, None]
        _add_block(hessian, survivors, (depth, last), inputs, curvature)
    for unit in range(len(live)):
        of_unit = np.flatnonzero(survivors.columns[last] == unit)
        columns = inputs[last][:, survivors.rows[last][of_unit]] * diagonal[:, [unit]]
        with symmetric_threads(len(of_unit)):
            hessian[np.ix_(start + of_unit, start + of_unit)] += columns.T @ columns


def _add_block(hessian, survivors, layers, inputs, curvature):
    """Add to block (l, m), m >= l, from the patterns' ``curvature`` (n_samples, h_m, h_l)."""
    depth, other = layers
    offset, (start, stop) = survivors.bounds[depth], survivors.bounds[other : other + 2]
    units, rows, columns = survivors.columns[depth], survivors.rows[other], survivors.columns[other]
    curvature, pairs = _unit_pairs(curvature, is_symmetric=depth == other)
    first = np.searchsorted(survivors.rows[depth], np.arange(inputs[depth].shape[1] + 1))
    # Three arrays of a block's rows live at once: together at most half of the matrix.
    n_rows = max(_BLOCK_NUMBERS // 4, len(survivors) ** 2 // 6) // max(len(survivors), 1)
    most = (n_rows // max(len(pairs), 1), _BLOCK_NUMBERS // max(inputs[other].size, 1))
    for low, high, seen in _input_blocks(inputs[depth], max(1, min(most))):
        top = low if depth == other else 0  # the other half is the mirrored triangle
        left, value = inputs[other][seen, top:], inputs[depth][seen, low:high]
        n_patterns, n_columns = left.shape
        left = (value[:, :, None] * left[:, None, :]).reshape(n_patterns, -1)
        is_used = np.zeros(curvature.shape[1], dtype=bool)
        is_used[pairs[units[first[low] : first[high]]]] = True
        used, place = np.flatnonzero(is_used), np.cumsum(is_used)[pairs] - 1
        product = _cross_product(_taken(curvature[seen], used, 1), left)
        product = product.reshape(len(used), high - low, n_columns)
        for number in range(low, high):
            here = slice(first[number], first[number + 1])
            begin = here.start if depth == other else 0
            # part[j, (j', i')], for all j' and i': take the entries of the surviving weights.
            part = product[place[units[here]], number - low].reshape(here.stop - here.start, -1)
            taken = part.take(columns[begin:] * n_columns + rows[begin:] - top, axis=1)
            hessian[offset + here.start : offset + here.stop, start + begin : stop] += taken


def _cross_product(left, right):
    """``left' right``, in C order. BLAS is faster with the longer side last."""
    if left.shape[1] > right.shape[1]:
        return np.ascontiguousarray((right.T @ left).T)
    return left.T @ right


def _unit_pairs(curvature, is_symmetric):
    """The curvature as (n_samples, n_pairs), and the number of each pair as (h_l, h_m).

    A symmetric one has each pair once.
    """
    n_samples, width, height = curvature.shape
    curvature = curvature.reshape(n_samples, -1)
    pairs = np.arange(width * height).reshape(width, height).T
    if is_symmetric:
        once = np.unique(np.maximum(pairs, pairs.T))
        curvature = curvature.take(once, axis=1)
        pairs = np.searchsorted(once, np.maximum(pairs, pairs.T))
    return curvature, pairs


def _input_blocks(inputs, most):
    """Ranges of at most so many inputs, handled in one product, and the patterns that have them on.

    An input that is mostly zero comes alone, with the patterns in which it is not.
    """
    n_patterns, n_inputs = inputs.shape
    is_on = np.ascontiguousarray(inputs.T != 0)
    counts = np.count_nonzero(is_on, axis=1)
    is_dense = counts > n_patterns // 2
    low = 0
    while low < n_inputs:
        high = low + 1
        if not is_dense[low]:
            if counts[low]:
                yield low, high, np.flatnonzero(is_on[low])
        else:
            while high < min(low + most, n_inputs) and is_dense[high]:
                high += 1
            yield low, high, slice(None)
        low = high


def _mirror(matrix, block=128):
    """Copy the upper triangle of a square C-ordered matrix to its lower one, in place."""
    n = len(matrix)
    for start in range(0, n, block):
        stop = min(start + block, n)
        corner = matrix[start:stop, start:stop]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        matrix[stop:, start:stop] = matrix[start:stop, stop:].T


def _check_finite(array):
    if not np.isfinite(array).all():
        raise ValueError(
            "The network's curvature is not finite: its weights or inputs are too large. "
            "Scale the inputs (StandardScaler) or raise alpha of the estimator."
        )


def _mean(diagonal):
    return float(diagonal.mean()) if len(diagonal) else 0.0


def _least_damping(diagonal):
    """Below this the factor of a singular matrix is rounding noise."""
    return len(diagonal) * np.finfo(float).eps * max(float(diagonal.max(initial=0.0)), 1e-150)


class DampedInverse:
    """Inverse of a Gauss-Newton matrix plus damping, in the place of the matrix itself.

    The lower triangle receives the inverse while the strict upper one keeps the matrix, so one
    array of n^2 numbers serves both and another damping costs no new assembly. n^3 operations.

    Parameters
    ----------
    hessian : ndarray of shape (n, n), symmetric
        Overwritten when it is Fortran-ordered, copied otherwise.

    Attributes
    ----------
    damping_ : float
        What was added to the diagonal: at least what the factorisation needed.

    Raises
    ------
    ValueError
        If the matrix is not finite.
    """

    def __init__(self, hessian):
        self.array = np.require(np.asfortranarray(hessian), requirements=_IN_PLACE)
        self.diagonal = self.array.diagonal().copy()
        _check_finite(self.array)
        self.is_pristine = True

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return _mean(self.diagonal)

    def invert(self, damping):
        """Invert with ``damping``, raised tenfold until the Cholesky factor exists.

        Returns
        -------
        inverse : ndarray of shape (n, n)
            Its lower triangle (diagonal included) is the inverse.
        """
        n = len(self.array)
        damping = max(damping, _least_damping(self.diagonal))
        while True:
            if not self.is_pristine:
                _mirror(self.array)
            self.is_pristine = False
            self.array[np.diag_indices(n)] = self.diagonal + damping
            with symmetric_threads(n):
                _, info = dpotrf(self.array, lower=1, clean=0, overwrite_a=1)
                if info == 0:
                    _, info = dpotri(self.array, lower=1, overwrite_c=1)
            if info == 0:
                self.damping_ = damping
                return self.array
            damping *= 10.0


def inverse_by_recursion(objective, w, kept, damping):
    """Inverse by HS93's recursion (eq. 17, its multi-output form eq. 20), as published.

    ``H^-1 <- H^-1 - H^-1 x x' H^-1 / (1 + x' H^-1 x)`` for each column x of Z', starting from the
    inverse of the diagonal (HS93: damping alone). O(P c n^2), two passes over n^2 numbers for
    each pattern and output; meant for small networks and for comparison.

    Returns
    -------
    inverse : ndarray of shape (n_kept, n_kept)
    """
    inverse = np.diag(1.0 / (objective.decay[kept] + damping))
    for block in jacobian_chunks(objective, w, kept):
        for x in block:
            step = inverse @ x
            step /= np.sqrt(1.0 + x @ step)
            inverse -= np.outer(step, step)
    return inverse


def inverse_by_dual(objective, w, kept, damping):
    """Inverse by the dual form (see `DualInverse`).

    Returns
    -------
    inverse : ndarray of shape (n_kept, n_kept)
    """
    return DualInverse(objective, w, kept).invert(damping)


class DualInverse:
    """Inverse from the P c x P c dual matrix, for fewer rows of Z than it has columns.

    ``(Z'Z + D)^-1 = D^-1 - D^-1 Z' (I + Z D^-1 Z')^-1 Z D^-1``: O(P^2 c^2 n + P c n^2) operations
    and ``8 P c (P c + 2 n) + 16 n^2`` bytes. Serves in the place of `DampedInverse`.
    """

    def __init__(self, objective, w, kept):
        self._rows = np.vstack(list(jacobian_chunks(objective, w, kept)))
        self._decay = objective.decay[kept]
        self.diagonal = np.square(self._rows).sum(axis=0) + self._decay
        _check_finite(self.diagonal)

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return _mean(self.diagonal)

    def invert(self, damping):
        """Invert with ``damping``, at least what rounding needs: a Fortran-ordered array."""
        self.damping_ = max(damping, _least_damping(self.diagonal))
        roots = np.sqrt(self._decay + self.damping_)
        scaled = self._rows / roots
        with symmetric_threads(len(scaled)):
            dual = scaled @ scaled.T
            dual[np.diag_indices(len(dual))] += 1.0
            factor = cho_factor(dual, lower=True, overwrite_a=True)
        inverse = scaled.T @ cho_solve(factor, scaled)
        np.negative(inverse, out=inverse)
        inverse[np.diag_indices(len(inverse))] += 1.0
        inverse /= roots
        inverse /= roots[:, None]
        return np.asfortranarray(inverse)
