"""Which weight of a trained XOR network is the right one to delete? HS93's question, counted.

2-2-1 networks (9 weights with their biases) are trained on the four patterns to zero error, from
many starts, for tanh units (outputs and targets in [-1, 1]) and for logistic ones (in [0, 1]),
both on inputs 0 and 1 and for the squared error. Each criterion then deletes one weight, by HS93's
algorithm and, for OBS, by skprune's defaults (damping chosen by the actual loss) too. The
deletion is right when L-BFGS on the eight survivors, from the network right after the deletion,
comes back to zero error: every output within 0.1 of its target, on the units' scale from 0 to 1.
"""

import warnings

import numpy as np
from _common import describe_machine, print_table
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning

from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network, Objective
from skprune._pruning.cleanup import useful_part
from skprune._pruning.loop import prune
from skprune._pruning.stop import MinWeights
from skprune._training.lbfgs import train_lbfgs
from skprune.datasets import make_xor
from skprune.neural_network._obs.plan import pieces

N_NETWORKS, MAX_STARTS = 100, 2000
CRITERIA = {
    "OBS": {"criterion": "obs"},
    "OBS, defaults": {"linearize": "auto", "first_order": True, "damping": "auto"},
    "OBD": {"criterion": "obd"},
    "magnitude": {"criterion": "magnitude"},
}
HS93 = {"OBS": "all", "OBD": "none", "magnitude": "none"}
# HS93: a = 1e-8 to 1e-4 changes nothing. No first-order term: the network is at a minimum.
ALGORITHM_OF_1993 = {"linearize": 1, "first_order": False, "retrain": "never", "damping": 1e-6}


def make_objective(units):
    """The loss of a 2-2-1 network on XOR, its targets at the limits of its units."""
    X, y = make_xor()
    targets = y[:, None] if units == "logistic" else 2.0 * y[:, None] - 1.0
    network = Network((2, 2, 1), (units, units), "squared_error")
    # A little weight decay, so that there is a minimum at finite weights.
    return Objective(network, X, targets, alpha=1e-4)


def largest_error(objective, w):
    """Largest distance of an output from its target, on a scale from 0 to 1."""
    errors = np.abs(objective.network.predict(w, objective.X) - objective.targets).max()
    return errors / np.ptp(objective.targets)


def train(objective, w, kept):
    return train_lbfgs(objective, w, kept, max_iter=5000, tol=1e-8).weights


def train_from_start(objective, start):
    """A trained network, or None where training ends in a local minimum."""
    rng = np.random.default_rng(start)
    w = rng.uniform(-1, 1, objective.network.n_weights)
    w = train(objective, w, np.arange(len(w)))
    return w if largest_error(objective, w) < 0.1 else None


def delete_one(objective, w, settings):
    """Loss right after a criterion's deletion, and whether training mends it."""
    rule = MinWeights(len(w) - 1)
    state = useful_part(objective, w, np.arange(len(w)))
    pruner = prune(objective, state, stop=rule, **pieces(**(ALGORITHM_OF_1993 | settings)))
    mended = train(objective, pruner.state.w, pruner.state.kept)
    return objective.data_loss(pruner.state.w), largest_error(objective, mended) < 0.1


def examine(units, start):
    """Every criterion's deletion in one trained network (None when it was not trained)."""
    objective = make_objective(units)
    w = train_from_start(objective, start)
    if w is None:
        return None
    results = {name: delete_one(objective, w, settings) for name, settings in CRITERIA.items()}
    mendable = 0
    for q in range(len(w)):
        survivors = np.delete(np.arange(len(w)), q)
        without = w.copy()
        without[q] = 0.0
        mendable += largest_error(objective, train(objective, without, survivors)) < 0.1
    results["share of right weights"] = mendable / len(w)
    curvature = gauss_newton(objective, w, np.arange(len(w)))
    results["condition"] = np.linalg.cond(curvature + 1e-6 * np.eye(len(w)))
    return results


def examine_all(units):
    results = []
    for begin in range(0, MAX_STARTS, N_NETWORKS):
        starts = range(begin, begin + N_NETWORKS)
        results += Parallel(n_jobs=2)(delayed(examine)(units, start) for start in starts)
        if sum(result is not None for result in results) >= N_NETWORKS:
            break
    return [result for result in results if result is not None][:N_NETWORKS], len(results)


def main():
    describe_machine()
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for units in ("tanh", "logistic"):
            results, n_starts = examine_all(units)
            losses = np.array([[result[name][0] for name in CRITERIA] for result in results])
            right = np.array([[result[name][1] for name in CRITERIA] for result in results])
            lowest = losses <= losses.min(axis=1, keepdims=True) * (1 + 1e-6) + 1e-12
            for column, name in enumerate(CRITERIA):
                rows.append(
                    [
                        units,
                        name,
                        f"{right[:, column].sum()} of {len(results)}",
                        f"{lowest[:, column].sum()} of {len(results)}",
                        f"{np.median(losses[:, column]):.4f}",
                        f"{losses[:, column].max():.4f}",
                        HS93.get(name, ""),
                    ]
                )
            holds = right[:, 0] & ~right[:, 2] & ~right[:, 3]
            behind = (~right[:, 0] & (right[:, 2] | right[:, 3])).sum()
            share = np.mean([result["share of right weights"] for result in results])
            print(
                f"{units}: {len(results)} networks with zero error among {n_starts} starts; of "
                f"their weights {100 * share:.0f} % are right ones (zeroed in turn, then trained). "
                f"HS93's claim, OBS right and the other two wrong, holds in {holds.sum()} of them; "
                f"in {behind} OBS is wrong where another is right."
            )
    header = [
        "units",
        "criterion",
        "right deletions",
        "lowest loss after",
        "median loss after",
        "largest",
        "HS93: right in",
    ]
    print_table("XOR, 2-2-1: one deletion in trained networks", header, rows)


if __name__ == "__main__":
    main()
