"""The Gauss-Newton matrix by the Kronecker structure of pairs of layers."""

import numpy as np

from .._numerics.threads import symmetric_threads
from .jacobian import scaled_factors

# Numbers in the left factor of one product of the structured assembly.
_BLOCK_NUMBERS = 2**22

# Multiplications in the time that it takes to make a number of that factor and to read it again.
_PASSES = 30


def cost_by_layers(survivors, activity):
    """Multiplications a pattern of the structured way.

    An input of the network that is mostly off is cheap in its own layer, and among the outputs'
    direct links: ``activity`` has the share of the patterns that each row of each layer costs.
    """
    sizes = [(len(i), len(u)) for i, u in zip(survivors.live_inputs, survivors.live_units)]
    cost = 0
    for depth, (height, width) in enumerate(sizes):
        own = height**2 * (0.5 * width**2 + _PASSES)
        own += sum(height * r * (width * columns + _PASSES) for r, columns in sizes[depth + 1 :])
        if height:
            own *= activity[depth][survivors.live_inputs[depth]].mean()
        cost += own
    return cost


def curvature_size(network):
    """Numbers a pattern of the arrays that the structured way holds."""
    units = np.array(network.layer_sizes[1:])
    pairs = int(sum(units[i] * units[i:].sum() for i in range(len(units))))
    seen = sum(network.layer_sizes) + network.n_direct_inputs
    return 3 * pairs + 2 * seen + network.n_outputs * int(units.sum())


def add_by_layers(hessian, objective, w, survivors, chunk):
    """Add one chunk's part of the Gauss-Newton matrix to the upper triangle.

    dE/dW_l = a_l (x) delta_l, so block (l, m) is ``sum_k (a_l a_m')_k (x) (B_l' A B_m)_k``: for
    some inputs of layer l at a time, one product over the patterns that have them on.
    """
    network = objective.network
    inputs, roots = scaled_factors(objective, w, chunk, *survivors.live)
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
