"""Second-order passes through a network: factors of its Jacobian and Hessian, pattern by pattern.

Functions of a network and its flat weights; :class:`~skprune._network.network.Network` has the
public ones as methods.
"""

import numpy as np

from .._numerics.arrays import dense


def _flat(stack):
    return stack.reshape(-1, stack.shape[-1])


def _times(stack, matrix):
    """Product of each matrix of a stack with one matrix, as a single large product."""
    return (_flat(stack) @ matrix).reshape(*stack.shape[:-1], matrix.shape[1])


def _layer_inputs(values, rows):
    """Some of what each layer sees, dense.

    Of a layer's rows the one after the last input is the bias' 1. Those beyond are the network's
    inputs, which outputs with direct links see.
    """
    inputs = []
    for value, wanted in zip(values, rows):
        n_inputs = value.shape[1]
        below, to_bias = np.searchsorted(wanted, [n_inputs, n_inputs + 1])
        seen = np.ones((value.shape[0], len(wanted)))
        seen[:, :below] = _columns(value, wanted[:below])
        if to_bias < len(wanted):
            seen[:, to_bias:] = _columns(values[0], wanted[to_bias:] - n_inputs - 1)
        inputs.append(seen)
    return inputs


def _columns(value, columns):
    taken = value if len(columns) == value.shape[1] else value[:, columns]
    return dense(taken)


def jacobian_factors(network, w, X, smoothing=0.0, rows=None, units=None):
    """Per-layer factors of ``S' db/dw``, the Jacobian whose square is the curvature.

    Parameters
    ----------
    w : ndarray of shape (n_weights,)
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    smoothing : float, default=0.0
    rows : list of ndarray of int, default=None
        Rising rows of each layer (its inputs, then the bias, then the inputs of the network where
        outputs have direct links) that are wanted; None for all. Of sparse inputs no others are
        made dense.
    units : list of ndarray of int, default=None
        Rising units of each layer that are wanted; None for all.

    Returns
    -------
    inputs : list of ndarray of shape (n_samples, fan_in) or (n_samples, len(rows))
        What each layer sees, in the order of the rows.
    roots : list of ndarray of shape (n_samples, n_outputs, n_units)
        ``S' db/dz`` for the pre-activations z of each layer's units. The derivative of pattern
        k's c-th root output by weight (i, j) of a layer is ``inputs[k, i] * roots[k, c, j]``.
    """
    values = network.forward(w, X)
    if rows is None:
        rows = [np.arange(n_rows) for n_rows in network.fan_in]
    if units is None:
        units = [np.arange(width) for width in network.layer_sizes[1:]]
    return _layer_inputs(values, rows), _unit_roots(network, w, values, smoothing, units)


def curvature_factors(network, w, X, pattern_weights, rows, units, smoothing=0.0):
    """Gauss-Newton matrix of the units' pre-activations z for each pattern, patterns last.

    The loss' curvature is backpropagated, ``C_lm = diag(s_l) V C_(l+1)m`` with V the weights
    into layer l + 1 and s_l the slopes of layer l: products over all the patterns at once, in
    which the outputs are summed once and for all.

    Parameters
    ----------
    w : ndarray of shape (n_weights,)
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    pattern_weights : ndarray of shape (n_samples,)
    rows : list of ndarray of int
        Rising rows of each layer that are wanted, as of `jacobian_factors`.
    units : list of ndarray of int
        Rising units of each layer that are wanted, with all those that they have weights to.
    smoothing : float, default=0.0

    Returns
    -------
    inputs : list of ndarray of shape (n_samples, len(rows))
        What each layer sees, as of `jacobian_factors`.
    curvatures : list of ndarray of shape (n_units, n_later, n_samples)
        For a layer's units, with those of the same layer and all that follow.
    """
    values, layers = network.forward(w, X), network.layers(w)
    outputs = network.output(values[-1])
    curvatures = [network.output_loss.curvature(outputs, units[-1], smoothing) * pattern_weights]
    for depth in range(network.n_layers - 2, -1, -1):
        later, own, n_next = curvatures[0], len(units[depth]), len(units[depth + 1])
        coef = layers[depth + 1][:-1][np.ix_(units[depth], units[depth + 1])]
        slopes = network.slopes(depth, values[depth + 1]).T[units[depth]]
        curvature = np.empty((own, own + later.shape[1], len(outputs)))
        np.multiply(np.tensordot(coef, later, 1), slopes[:, None], out=curvature[:, own:])
        same = np.matmul(coef, curvature[:, own : own + n_next], out=curvature[:, :own])
        same *= slopes
        curvatures.insert(0, curvature)
    return _layer_inputs(values, rows), curvatures


def _unit_roots(network, w, values, smoothing, units):
    """``S' db/dz`` for the units of each layer that are wanted."""
    layers, last = network.layers(w), network.n_layers - 1
    outputs = network.output(values[-1])
    identity = np.eye(network.n_outputs)[:, units[last]]
    roots = [np.empty((len(outputs), network.n_outputs, 0))] * last
    roots.append(network.output_loss.root_product(outputs, identity, smoothing))
    lowest = next((depth for depth in range(last) if len(units[depth])), last)
    for depth in range(last - 1, lowest - 1, -1):
        coef = layers[depth + 1][:-1].T
        if depth == last - 1:
            back = network.output_loss.root_product(outputs, coef, smoothing)
        else:
            back = _times(back, coef)
        back *= network.slopes(depth, values[depth + 1])[:, None, :]
        is_all = len(units[depth]) == back.shape[2]
        roots[depth] = back if is_all else back[:, :, units[depth]]
    return roots


def propagate_back(network, w, values, root):
    """Derivatives, by each layer's pre-activations, of what has the derivative ``root`` by b.

    Parameters
    ----------
    w : ndarray of shape (n_weights,)
    values : list of ndarray
        From ``forward``.
    root : ndarray of shape (n_samples, n_outputs, n_outputs)

    Returns
    -------
    roots : list of ndarray of shape (n_samples, n_outputs, n_units)
        One a layer; the last is ``root`` itself.
    """
    roots, layers = [root], network.layers(w)
    for depth in range(network.n_layers - 1, 0, -1):
        slope = network.slopes(depth - 1, values[depth])
        back = _times(roots[-1], layers[depth][:-1].T)
        back *= slope[:, None, :]
        roots.append(back)
    return roots[::-1]


def sensitivities(network, w, X):
    """Values of all layers, and the derivatives do/dz of the outputs by each layer's z.

    The derivative of pattern k's output c by weight (i, j) of a layer is the product
    ``values[depth][k, i] * sensitivities[depth][k, c, j]``, with 1 as the bias' input: the
    n_outputs x n_weights Jacobian of a pattern has this few factors. Direct links have the
    network's inputs as their values, and the sensitivities of the last layer.

    Returns
    -------
    values : list of ndarray
        From ``forward``.
    sensitivities : list of ndarray of shape (n_samples, n_outputs, n_units)
    """
    values = network.forward(w, X)
    root = network.output_loss.jacobian(network.output(values[-1]))
    return values, propagate_back(network, w, values, root)


def sensitivities_backward(network, w, values, sensitivities, bars, value_bars):
    """Gradient in the weights of a function of the output Jacobian's factors.

    Backpropagation through :func:`sensitivities`: the sum over patterns and outputs of
    Hessians of single outputs times per-pattern directions (Pearlmutter's R-pass, with the
    rank one of each direction's layers used). O(c n) operations a pattern.

    Parameters
    ----------
    w : ndarray of shape (n_weights,)
    values, sensitivities : list of ndarray
        From ``sensitivities``.
    bars : list of ndarray of shape (n_samples, n_outputs, n_units)
        Derivatives of the function by the sensitivities; overwritten.
    value_bars : list of ndarray of shape (n_samples, n_units)
        Derivatives by the values of the hidden layers; overwritten.
    """
    layers = network.layers(w)
    gradient = np.empty(network.n_weights)
    parts = network.layers(gradient)
    bends = []
    for depth in range(1, network.n_layers):
        coef, above, bar = layers[depth][:-1], sensitivities[depth], bars[depth - 1]
        bend = np.einsum("kcj,kcj->kj", bar, _times(above, coef.T))
        bends.append(bend * network.bends(depth - 1, values[depth]))
        bar *= network.slopes(depth - 1, values[depth])[:, None, :]
        bars[depth] += _times(bar, coef)
        parts[depth][:-1] = _flat(bar).T @ _flat(above)
        parts[depth][-1] = 0.0
    delta = network.output_loss.jacobian_backward(network.output(values[-1]), bars[-1])
    if network.direct_links:
        network.direct(gradient)[:] = values[0].T @ delta
    for depth in range(network.n_layers - 1, -1, -1):
        by_coef = values[depth].T @ delta
        if depth:
            parts[depth][:-1] += by_coef
            parts[depth][-1] += delta.sum(axis=0)
            back = value_bars[depth - 1]
            back += delta @ layers[depth][:-1].T
            back *= network.slopes(depth - 1, values[depth])
            delta = back + bends[depth - 1]
        else:
            parts[0][:-1], parts[0][-1] = by_coef, delta.sum(axis=0)
    return gradient


def unit_slopes(network, w, values, delta, lowest=0):
    """Derivatives of something by the outputs of units, from its derivative ``delta`` by b.

    Parameters
    ----------
    w : ndarray of shape (n_weights,)
    values : list of ndarray
        From ``forward``.
    delta : ndarray of shape (n_samples, n_outputs)
    lowest : int, default=0
        The layer to stop at, 0 the inputs.

    Returns
    -------
    slopes : list of ndarray of shape (n_samples, n_units)
        One a layer; None below ``lowest`` and for the outputs.
    """
    layers, slopes, back = network.layers(w), [None] * network.n_layers, delta
    for depth in range(network.n_layers - 1, lowest - 1, -1):
        slopes[depth] = back @ layers[depth][:-1].T
        if depth > lowest:
            back = slopes[depth] * network.slopes(depth - 1, values[depth])
    if network.direct_links and not lowest:
        slopes[0] += delta @ network.direct(w).T
    return slopes


def unit_curvatures(network, w, values, targets, *, exact=True, lowest=0):
    """First and second derivatives of each pattern's loss by the output of each unit.

    Second-order backpropagation of a root of the loss' Hessian in the units of a layer: its
    rows are those of the layer above, and one a unit above for the bend of its activation,
    which the Gauss-Newton approximation leaves out.

    Parameters
    ----------
    w : ndarray of shape (n_weights,)
    values : list of ndarray
        From ``forward``.
    targets : ndarray of shape (n_samples, n_outputs)
    exact : bool, default=True
        Whether bends count.
    lowest : int, default=0
        The layer to stop at, 0 the inputs.

    Returns
    -------
    slopes, curvatures : list of ndarray of shape (n_samples, n_units)
        One a layer; None below ``lowest`` and for the outputs.
    """
    layers, curvatures = network.layers(w), [None] * network.n_layers
    delta = network.output_loss.delta(values[-1], targets)
    slopes = unit_slopes(network, w, values, delta, lowest)
    output_rows, scales = network.output_loss.curvature_rows(values[-1], targets, exact)
    rows, bend = output_rows, None
    for depth in range(network.n_layers - 1, lowest - 1, -1):
        coef = layers[depth][:-1]
        rows = _times(rows, coef.T)
        if network.direct_links and not depth:
            # Through the outputs, whose rows come first, the inputs act in two ways.
            rows[:, : output_rows.shape[1]] += _times(output_rows, network.direct(w).T)
        curvatures[depth] = np.einsum("kr,krj->kj", scales, np.square(rows))
        if bend is not None:
            curvatures[depth] += bend @ np.square(coef).T
        if depth == lowest:
            break
        if bend is not None:
            above = np.broadcast_to(coef.T, (len(rows), *coef.T.shape))
            rows = np.concatenate([rows, above], axis=1)
            scales = np.concatenate([scales, bend], axis=1)
        rows *= network.slopes(depth - 1, values[depth])[:, None, :]
        if exact:
            bend = slopes[depth] * network.bends(depth - 1, values[depth])
    return slopes, curvatures


def hessian_product(network, w, v, X, targets, weights):
    """Exact Hessian of the weighted mean loss times a flat vector (Pearlmutter's R-pass)."""
    layers, directions = network.layers(w), network.layers(v)
    values = network.forward(w, X)
    r_inputs, r_sums = [None], []
    for depth, (layer, step) in enumerate(zip(layers, directions)):
        r_sum = values[depth] @ step[:-1] + step[-1]
        if depth:
            r_sum += r_inputs[-1] @ layer[:-1]
        r_sums.append(r_sum)
        if depth < network.n_layers - 1:
            r_inputs.append(network.slopes(depth, values[depth + 1]) * r_sum)
    if network.direct_links:
        r_sums[-1] += X @ network.direct(v)
    scale = (weights / weights.sum())[:, None]
    delta = scale * network.output_loss.delta(values[-1], targets)
    r_delta = scale * network.output_loss.second_derivative_product(values[-1], targets, r_sums[-1])
    product = np.empty(network.n_weights)
    parts = network.layers(product)
    if network.direct_links:
        network.direct(product)[:] = X.T @ r_delta
    for depth in range(network.n_layers - 1, -1, -1):
        parts[depth][:-1] = values[depth].T @ r_delta
        parts[depth][-1] = r_delta.sum(axis=0)
        if depth:
            parts[depth][:-1] += r_inputs[depth].T @ delta
            back = delta @ layers[depth][:-1].T
            r_back = r_delta @ layers[depth][:-1].T + delta @ directions[depth][:-1].T
            slope = network.slopes(depth - 1, values[depth])
            bend = network.bends(depth - 1, values[depth]) * r_sums[depth - 1]
            delta, r_delta = slope * back, bend * back + slope * r_back
    return product
