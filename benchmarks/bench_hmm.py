"""Hidden Markov models with mixtures that grow, beside hmmlearn's over a grid of sizes.

Run ``python benchmarks/bench_hmm.py`` (extra ``hmm``). Sequences come from made-up models of four
states with one to five components each, in five features; a word-like set goes from left to right
through its states. hmmlearn's GMMHMM gets 1 to 8 components a state, the same number for all, the
best by BIC on the training sequences; both start from the same kind of transitions. Test sequences
are scored once. Seconds are those of the processor in one thread.
"""

import logging
import warnings
from time import process_time

import numpy as np
from _common import describe_machine, print_table
from hmmlearn.hmm import GMMHMM
from threadpoolctl import threadpool_limits

from skprune.hmm import SplittingGMMHMM

N_STATES, N_FEATURES, SIZES = 4, 5, range(1, 9)


def make_model(seed, covariance_type, left_to_right):
    """A random model: transitions, and of each state the centres and covariances' roots."""
    rng = np.random.default_rng(seed)
    if left_to_right:
        transitions = 0.94 * np.eye(N_STATES) + 0.06 * np.eye(N_STATES, k=1)
        transitions[-1, -1] = 1.0
    else:
        transitions = 0.8 * np.eye(N_STATES) + 0.2 * rng.dirichlet(np.ones(N_STATES), N_STATES)
    states = []
    for _ in range(N_STATES):
        k = rng.integers(1, 6)
        roots = np.apply_along_axis(np.diag, 1, 10 ** rng.uniform(-0.4, 0.4, (k, N_FEATURES)))
        if covariance_type == "full":
            roots = roots @ np.linalg.qr(rng.standard_normal((k, N_FEATURES, N_FEATURES)))[0]
        states.append((3.0 * rng.standard_normal((k, N_FEATURES)), roots))
    return transitions, states


def draw(model, n_sequences, length, seed):
    """Sequences of a model, one after the other, and their lengths."""
    transitions, states = model
    rng = np.random.default_rng(seed)
    X = []
    for _ in range(n_sequences):
        state = 0
        for _ in range(length):
            centres, roots = states[state]
            k = rng.integers(len(centres))
            X.append(centres[k] + rng.standard_normal(N_FEATURES) @ roots[k])
            state = rng.choice(N_STATES, p=transitions[state])
    return np.array(X), [length] * n_sequences


def search(X, lengths, covariance_type, left_to_right):
    """hmmlearn's model of lowest BIC."""
    fits = []
    for n_mix in SIZES:
        model = GMMHMM(N_STATES, n_mix, covariance_type=covariance_type, n_iter=50, random_state=0)
        if left_to_right:
            model.init_params = "mcw"
            model.startprob_ = np.eye(N_STATES)[0]
            model.transmat_ = 0.5 * (np.eye(N_STATES) + np.eye(N_STATES, k=1))
            model.transmat_[-1, -1] = 1.0
        fits.append(model.fit(X, lengths))
    return min(fits, key=lambda model: model.bic(X, lengths))


def main():
    rows = []
    for covariance_type, left_to_right in (("diag", False), ("diag", True), ("full", False)):
        for seed in range(3):
            model = make_model(seed, covariance_type, left_to_right)
            X, lengths = draw(model, 40, 60, 100 + seed)
            X_test, test_lengths = draw(model, 40, 60, 200 + seed)
            topology = "left-to-right" if left_to_right else "free"
            start = process_time()
            grown = SplittingGMMHMM(
                N_STATES, topology=topology, covariance_type=covariance_type, random_state=0
            ).fit(X, lengths)
            middle = process_time()
            searched = search(X, lengths, covariance_type, left_to_right)
            end = process_time()
            scores = [fit.score(X_test, test_lengths) / len(X_test) for fit in (grown, searched)]
            rows.append(
                [covariance_type, topology, seed, sorted(len(c) for c, _ in model[1]),
                 sorted(grown.n_mix_.tolist()), f"{scores[0]:.3f}", f"{middle - start:.1f}",
                 searched.n_mix, f"{scores[1]:.3f}", f"{end - middle:.1f}"]
            )  # fmt: skip
    print_table(
        "Test log-likelihood an observation; components of the states",
        ["covariance", "topology", "seed", "truth", "grown", "test", "seconds", "search: n_mix",
         "test", "seconds"],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    logging.getLogger("hmmlearn").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    describe_machine()
    with threadpool_limits(1):
        main()
