"""How far block-diagonal, sketched and subsampled curvatures are from the exact one.

``load_digits()/16``, a 64-30-20-10 tanh network (2,780 weights) trained by L-BFGS on all 1,797
images. For each form: the error of the matrix (Frobenius norm, relative), of the saliencies (rank
correlation with the exact ones; the share of the truly cheapest quarter among its own cheapest
quarter), and the loss after pruning to 30 and 15 % of the weights by this form alone, without
retraining.
"""

import numpy as np
from _common import describe_machine, print_table
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator

from skprune import PenalizedMLPClassifier
from skprune._curvature import block_diagonal
from skprune._curvature.block_diagonal import subsample, unit_blocks
from skprune._curvature.exact import OfMatrix
from skprune._curvature.low_rank import sketched_rows
from skprune._fitted.reading import read_network
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Objective
from skprune._pruning.cleanup import useful_part
from skprune._pruning.criteria import OBS
from skprune._pruning.loop import prune
from skprune._pruning.retraining import Never
from skprune._pruning.stop import MinWeights

SHARES = (0.3, 0.15)
DAMPING = 1e-3  # of the mean curvature


def patterns(count):
    """The exact form of fewer patterns."""

    def hessian(objective, w, kept):
        sample = subsample(objective, count)
        return gauss_newton(sample, w, kept) + np.diag(objective.decay[kept])

    return hessian


def sketch(count):
    """Few random combinations of the Jacobian's rows."""

    def hessian(objective, w, kept):
        rows = sketched_rows(objective, w, kept, count)
        return rows.T @ rows + np.diag(objective.decay[kept])

    return hessian


def blocks(most):
    """The block-diagonal form with blocks of at most so many weights."""

    def hessian(objective, w, kept):
        full = gauss_newton(objective, w, kept)
        block_diagonal.BLOCK_WEIGHTS = most
        own = np.zeros_like(full)
        for block in unit_blocks(objective.network, kept):
            own[np.ix_(block, block)] = full[np.ix_(block, block)]
        return own

    return hessian


FORMS = {
    "exact": gauss_newton,
    "900 patterns": patterns(900),
    "450 patterns": patterns(450),
    "225 patterns": patterns(225),
    "sketch of 4,096 rows": sketch(4096),
    "sketch of 1,024 rows": sketch(1024),
    "sketch of 256 rows": sketch(256),
    "blocks of 1,024 weights": blocks(1024),
    "blocks of 256 weights": blocks(256),
    "blocks of 64 weights": blocks(64),
}


def saliencies(hessian, w, damping):
    inverse = np.linalg.inv(hessian + damping * np.eye(len(w)))
    return 0.5 * w**2 / inverse.diagonal()


def pruned_losses(form, objective, w, kept):
    """Objective after pruning to each share by the form alone."""
    sizes = [round(share * len(kept)) for share in SHARES]
    rule = MinWeights(sizes[-1])
    state = useful_part(objective, w, kept)
    criterion = OBS(OfMatrix(form))
    path = prune(objective, state, stop=rule, criterion=criterion, retraining=Never()).path
    return [path.at(size)[2] for size in sizes]


def main():
    describe_machine()
    X, y = load_digits(return_X_y=True)
    X = X / 16
    dense = PenalizedMLPClassifier((30, 20), direct_links=False, alpha=1, random_state=0)
    dense.fit(X, y)
    network, w, kept, alpha = read_network(FrozenEstimator(dense))
    objective = Objective(network, X, np.eye(10)[y], alpha=alpha)
    exact = gauss_newton(objective, w, kept)
    damping = DAMPING * exact.diagonal().mean()
    wanted = saliencies(exact, w, damping)
    cheapest = np.argsort(wanted)[: len(w) // 4]
    rows = []
    for name, form in FORMS.items():
        hessian = form(objective, w, kept)
        found = saliencies(hessian, w, damping)
        error = np.linalg.norm(hessian - exact) / np.linalg.norm(exact)
        shared = np.isin(np.argsort(found)[: len(cheapest)], cheapest).mean()
        losses = [f"{loss:.3f}" for loss in pruned_losses(form, objective, w, kept)]
        ranks = spearmanr(found, wanted).statistic
        rows.append([name, f"{error:.2f}", f"{ranks:.3f}", f"{shared:.2f}", *losses])
        print(*rows[-1], flush=True)
    header = ["form", "error", "rank correlation", "cheapest quarter"]
    header += [f"loss at {100 * share:.0f} %" for share in SHARES]
    value = objective.value(w)
    print_table(f"Digits, loss {value:.3f} before pruning (weight decay included)", header, rows)


if __name__ == "__main__":
    main()
