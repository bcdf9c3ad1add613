"""Cheap weights to start from."""

import numpy as np

from .._numerics.arrays import dense

RIDGE_FEATURES = 500


def violation_depth(program, net):
    off = program.targets - net
    return np.maximum(
        np.where(program.cost_below > 0, off, -np.inf),
        np.where(program.cost_above > 0, -off, -np.inf),
    )


def squared_hinge_guess(program):
    """Newton's method on squared violations: ridge regression on the patterns in violation.

    A sample brings it near for as long as it has many of them, all patterns nearer.
    """
    weights = program.guess
    if program.n_rows > RIDGE_FEATURES:
        return weights
    weights = _newton(program.sample, weights, steps=8, enough=4 * program.n_rows)
    return _newton(program, weights, steps=2, enough=1)


def _newton(program, weights, steps, enough):
    for _ in range(steps):
        violated = np.flatnonzero(violation_depth(program, program.net_input(weights)) > 0)
        if violated.size < enough:
            break
        weights = ridge(program, violated)
    return weights


def best_multiple(program, weights):
    """The multiple of the weights that costs least: squared violations make weights too small.

    The cost's slope rises where a target is passed. Counted on the sample; infinite costs as one.
    """
    sample = program.sample
    net = sample.net_input(weights)
    below = np.where(np.isinf(sample.cost_below), 1.0, sample.cost_below)
    above = np.where(np.isinf(sample.cost_above), 1.0, sample.cost_above)
    slope = sample.weight_cost(weights) * sample.n_patterns / program.n_patterns
    slope -= net @ np.where(sample.targets > 0, below, -above)
    passed = np.flatnonzero(net * sample.targets > 0)
    factors = sample.targets[passed] / net[passed]
    order = np.argsort(factors)
    rises = (np.abs(net) * (below + above))[passed]
    factors, rises = np.append(0.0, factors[order]), np.append(0.0, rises[order])
    turn = np.searchsorted(slope + np.cumsum(rises), 0.0)
    return weights * factors[min(turn, order.size)]


def ridge(program, patterns):
    inputs, targets = program.X[patterns], program.targets[patterns]
    inputs = dense(inputs)
    p = program.n_features
    gram, right = np.empty((program.n_rows, program.n_rows)), np.empty(program.n_rows)
    gram[:p, :p], right[:p] = inputs.T @ inputs, inputs.T @ targets
    if program.fit_intercept:
        gram[p, :p] = gram[:p, p] = inputs.sum(axis=0)
        gram[p, p], right[p] = len(targets), targets.sum()
    gram.flat[:: len(gram) + 1] += 1e-3 * gram.trace() / len(gram) or 1.0
    return np.linalg.solve(gram, right)
