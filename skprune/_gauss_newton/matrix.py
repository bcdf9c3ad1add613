"""The Gauss-Newton matrix of a network, by the cheapest of three ways.

With ``Z`` the Jacobian of the output pre-activations times the root of the loss curvature, scaled
so that patterns are averaged, the Gauss-Newton (for canonical losses: Fisher information) matrix
is ``Z'Z``, and what is inverted is ``Z'Z + D``, D a positive diagonal of weight decay and damping.

Matrices hold the surviving weights ``kept`` (sorted flat indices) only. All are float64.
"""

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import delayed

from .._numerics.parallel import results_of
from .._numerics.symmetric import mirror
from .._numerics.threads import blas_threads, one_blas_thread
from .by_layers import add_by_layers, cost_by_layers, curvature_size
from .by_units import _n_cached, add_by_units, cost_by_units, n_unit_pairs, units_with_curvature
from .jacobian import add_product, jacobian_bytes
from .kept_weights import KeptWeights, pattern_chunks, pattern_counts

# Multiplications in the time that the calls around one product take.
_CALLS = 2**18


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
    survivors = KeptWeights(objective.network, kept)
    add, bytes_a_pattern, is_single = _cheapest_way(objective, w, survivors)
    chunks = pattern_chunks(objective, bytes_a_pattern)
    hessian = np.zeros((len(survivors), len(survivors)))
    # One chunk is not worth the way to a worker, which may be another machine.
    if len(chunks) == 1 or effective_n_jobs(n_jobs) == 1:
        with one_blas_thread(is_single):
            for chunk in chunks:
                add(hessian, objective, w, survivors, chunk)
    else:
        tasks = (delayed(_part)(add, objective, w, survivors, chunk) for chunk in chunks)
        for part in results_of(tasks, n_jobs):
            hessian += part
    mirror(hessian)
    hessian[np.diag_indices(len(survivors))] += objective.decay[survivors.kept]
    return hessian.T


def _part(add, objective, w, survivors, chunk):
    """One chunk's part of the Gauss-Newton matrix, upper triangle of a C-ordered array."""
    hessian = np.zeros((len(survivors), len(survivors)))
    with blas_threads(len(survivors)):
        add(hessian, objective, w, survivors, chunk)
    return hessian


def _cheapest_way(objective, w, survivors):
    """The way to add a chunk's part, the bytes that it takes for a pattern, and its BLAS threads.

    Multiplications a pattern, passes through memory being counted as the many that they take the
    time of, as measured. Of small networks the number of products is what counts.
    """
    network, n_kept = objective.network, len(survivors)
    # Squares are made at half the operations and, from the cache, at four times the speed.
    n_squares = network.n_outputs * n_kept * (0.13 * n_kept + 75)
    if objective.X.shape[0] * n_squares <= _CALLS:
        # One product that is done before another one is called: nothing to choose.
        return add_product, jacobian_bytes(network, survivors), False
    activity = _activity(objective)
    n_units = sum(map(len, survivors.live_units))
    carriers = units_with_curvature(network, w, survivors)
    n_samples, n_cached = objective.X.shape[0], _n_cached(survivors, carriers)
    roots = 180 * network.n_outputs * n_units
    costs = {
        add_product: roots + n_squares,
        add_by_layers: roots + cost_by_layers(survivors, activity),
        add_by_units: cost_by_units(carriers) + 0.5 * n_kept * (n_kept + 15 * n_units),
    }
    sizes = {
        add_product: jacobian_bytes(network, survivors),
        add_by_layers: 8 * curvature_size(network),
        add_by_units: 8 * (3 * n_kept + n_unit_pairs(carriers)),
    }
    n_products = {
        add_product: 1,
        add_by_layers: network.n_layers**2,
        add_by_units: n_units * max(1, n_samples / n_cached),
    }
    # An input that is mostly zero comes alone, in the blocks of its layer and of those above.
    for depth, shares in enumerate(activity):
        n_products[add_by_layers] += (network.n_layers - depth) * np.count_nonzero(shares < 1)
    calls = _CALLS / n_samples
    way = min(costs, key=lambda way: costs[way] + calls * n_products[way])
    # Threads would only wait in products for a single input, or for a single unit.
    is_sparse = way is add_by_layers and activity[0][:-1].mean() < 0.5
    return way, sizes[way], is_sparse or way is add_by_units


def _activity(objective):
    """The share of the patterns that each row of each layer costs.

    Of inputs of the network those that have it on, if a minority; all, of hidden units and biases.
    """
    shares = pattern_counts(objective.X) / objective.X.shape[0]
    shares[shares > 0.5] = 1.0
    activity = [np.ones(n_rows) for n_rows in objective.network.fan_in]
    activity[0][:-1] = shares
    if objective.network.direct_links:
        activity[-1][-len(shares) :] = shares
    return activity
