"""The minimum of the loss with decays that are given, and how strong these should be."""

from dataclasses import replace

import numpy as np

from .._curvature.evidence import laplace_posterior
from .._curvature.leave_one_out import leave_one_out_loss
from .._curvature.regularised import regularised_curvature
from .gauss_newton import train_gauss_newton
from .lbfgs import train_lbfgs

# Gauss-Newton steps to the minimum at the final decays; where they do not suffice L-BFGS goes on.
# Concrete takes 18 of them, or 967 of L-BFGS' iterations; Friedman's first 200 and more, or 574.
_LAST_STEPS = 40
# A curvature serves again where a step lowers the gradient to this share, as near minima they do.
_REUSE = 0.3
# Largest entry of the gradient of the mean loss at which evidences are compared.
_CLOSE = 1e-4

# Factors by which decays are raised in turn, while that helps samples that are left out.
_RAISE, _MOST_RAISES = 2.0, 6


def at_minimum(settled, *, max_iter, tol, max_patterns=None, on_iteration=None):
    """The weights at a minimum for the decays as they are, and the posterior around it.

    Returns
    -------
    settled : Settled
    result : TrainingResult
    """
    values = list(settled.values)

    def record(value):
        values.append(value)
        return on_iteration is not None and on_iteration(value)

    objective, kept = settled.objective, settled.kept
    limits = {"tol": tol, "on_iteration": record}
    n_steps = min(max_iter, _LAST_STEPS)
    near = {"max_iter": n_steps, "damping": 0.01, "max_patterns": max_patterns, "reuse": _REUSE}
    result = train_gauss_newton(objective, settled.weights, kept, **near, **limits)
    n_left = max_iter - result.n_iter
    if result.gradient_norm > tol and n_left:
        # Flat directions in which the curvature of the errors counts, which Gauss-Newton drops.
        rest = train_lbfgs(objective, result.weights, kept, max_iter=n_left, **limits)
        result = replace(rest, n_iter=result.n_iter + rest.n_iter)
    curvature = regularised_curvature(objective, result.weights, kept, max_patterns)
    data = objective, result.weights, kept, settled.noise_variance
    posterior = laplace_posterior(*data, curvature)
    return replace(settled, weights=result.weights, posterior=posterior, values=values), result


def near_minimum(settled, max_patterns=None):
    """As `at_minimum`, as close to it as the comparison of networks needs."""
    return at_minimum(settled, max_iter=_LAST_STEPS, tol=_CLOSE, max_patterns=max_patterns)[0]


def left_out_loss(settled, max_patterns=None):
    """Mean loss of samples that the network has not seen, as far as one step tells."""
    data = settled.objective, settled.weights, settled.kept, settled.noise_variance
    return leave_one_out_loss(*data, max_patterns=max_patterns)


def at_best_strength(settled, max_patterns=None):
    """The minimum for stronger decays, as long as samples that are left out gain by it.

    Evidence by Laplace's method is for sure predictions too good: where a classifier is sure the
    curvature vanishes, and what it owes to single samples costs it nothing. Left out one by one,
    they show it. All decays but those of output biases are raised together.

    Returns
    -------
    Settled
    """
    # Nothing of the sort where errors are squared: their curvature does not depend on the outputs.
    if settled.objective.network.output_loss.has_noise_variance:
        return settled
    best = near_minimum(settled, max_patterns)
    least, is_raised = left_out_loss(best, max_patterns), ~_is_output_bias(settled)
    for _ in range(_MOST_RAISES):
        objective = best.objective
        stronger = objective.decayed(np.where(is_raised, _RAISE, 1.0) * objective.decay)
        found = near_minimum(replace(best, objective=stronger), max_patterns)
        loss = left_out_loss(found, max_patterns)
        if not loss < least:
            break
        best, least = found, loss
    return best


def _is_output_bias(settled):
    network = settled.objective.network
    is_bias = np.zeros(network.n_weights, dtype=bool)
    network.layers(is_bias)[-1][-1] = True
    return is_bias
