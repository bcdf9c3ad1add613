"""NETtalk: 203-24-26 (5,546 weights) pruned, retrained and pruned again to 1,560, as in HS93.

Trained on the 1,000 most common words, tested once on 3,000 words drawn from the rest of the
corpus. Two networks are pruned, each a baseline of its own: one trained nearly without weight
decay, as HS93's, and one with the weight decay that is best on a fifth of the training words (then
trained on all of them). HS93's sizes: 2,438 weights, retraining, 1,560 weights, retraining. OBD and
magnitude have the same retraining. "Towards the reference" prunes and retrains by the outputs of
the unpruned network, by OBS and by magnitude; from the unpruned network each time, for a network of
2,438 weights would teach what it has lost.

    SKPRUNE_DATA=/path/to/data python benchmarks/nettalk.py               all rows
    SKPRUNE_DATA=/path/to/data python benchmarks/nettalk.py --teaching    without OBD

where the folder holds nettalk/nettalk.data and what else `skprune.datasets.load_nettalk` reads.
"""

import sys
import warnings
from time import perf_counter

import numpy as np
from _common import describe_machine, print_table
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupShuffleSplit

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.datasets import load_nettalk

HARDLY_ANY = 1e-3
DECAYS = (0.25, 0.5, 1.0, 2.0, 4.0)
# HS93's sizes, before and after its retraining.
STEPS = (
    (2438, "never", "pruned"),
    (2438, "final", "retrained"),
    (1560, "never", "pruned again"),
    (1560, "final", "retrained again"),
)
N_TEST_WORDS = 3000


def train(alpha, X, y):
    network = PenalizedMLPClassifier(
        (24,),
        activation="logistic",
        direct_links=False,
        alpha=alpha,
        max_iter=300,
        random_state=0,
    )
    return network.fit(X, y)


def squared_error(network, X, y):
    return float(np.square(network.predict_proba(X) - y).sum())


def best_decay(corpus):
    """The weight decay with the lowest error on a fifth of the training words."""
    splitter = GroupShuffleSplit(1, test_size=0.2, random_state=0)
    rows, held_out = next(splitter.split(corpus.data, groups=corpus.groups))
    errors = [
        squared_error(
            train(alpha, corpus.data[rows], corpus.target[rows]),
            corpus.data[held_out],
            corpus.target[held_out],
        )
        for alpha in DECAYS
    ]
    return DECAYS[int(np.argmin(errors))]


def some_words(corpus, n_words):
    """Inputs, targets and phonemes of some words."""
    chosen = np.random.default_rng(0).choice(len(corpus.words), n_words, replace=False)
    rows = np.isin(corpus.groups, chosen)
    return corpus.data[rows], corpus.target[rows], corpus.phonemes[rows]


def best_guess(corpus, outputs):
    """The phoneme whose code has the smallest angle to the articulatory outputs."""
    codes = corpus.phoneme_codes / np.linalg.norm(corpus.phoneme_codes, axis=1, keepdims=True)
    nearest = (outputs[:, : codes.shape[1]] @ codes.T).argmax(axis=1)
    return np.array(corpus.phoneme_names)[nearest]


def row(name, network, baseline, corpus, test, seconds):
    """A row of the table; the baseline is a squared test error, or None for its own row."""
    X, y, phonemes = test
    outputs = network.predict_proba(X)
    error = float(np.square(outputs - y).sum())
    share = error / (baseline or error)
    wrong = 100 * ((outputs > 0.5) != y).mean()
    right = 100 * (best_guess(corpus, outputs) == phonemes).mean()
    n_weights = sum(map(np.count_nonzero, [*network.coefs_, *network.intercepts_]))
    cells = [name, n_weights, f"{error:.0f}", f"{share:.3f}", f"{wrong:.2f}", f"{right:.1f}"]
    return [*cells, f"{seconds:.0f}"], error


def prunings(criteria):
    """Criterion, teaching signal and name of each group of rows."""
    for criterion in criteria:
        yield criterion, "data", criterion
    for criterion in ("obs", "magnitude"):
        yield criterion, "reference", f"{criterion} towards the reference"


def table(title, alpha, criteria, corpus, test):
    """The network trained with one weight decay, and what pruning makes of it."""
    X, y = corpus.data, corpus.target
    began = perf_counter()
    dense = train(alpha, X, y)
    line, baseline = row("unpruned", dense, None, corpus, test, perf_counter() - began)
    lines = [line]
    for criterion, teaching_signal, title_of_rows in prunings(criteria):
        began, network = perf_counter(), dense
        for size, retrain, step in STEPS:
            pruner = OBSMLPClassifier(
                FrozenEstimator(dense if teaching_signal == "reference" else network),
                criterion=criterion,
                teaching_signal=teaching_signal,
                n_weights=size,
                retrain=retrain,
            )
            network = pruner.fit(X, y)
            seconds = perf_counter() - began
            name = f"{title_of_rows}, {step}"
            lines.append(row(name, network, baseline, corpus, test, seconds)[0])
    header = ["network", "weights", "squared error", "share", "wrong bits %", "best guess %", "s"]
    print_table(f"{title} (alpha = {alpha:g})", header, lines)


def main():
    describe_machine()
    try:
        corpus, rest = load_nettalk(), load_nettalk(subset="rest")
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))
    test = some_words(rest, N_TEST_WORDS)
    print(f"{len(corpus.target)} letters of training words, {len(test[1])} of unseen words")
    warnings.simplefilter("ignore", ConvergenceWarning)
    criteria = ("obs", "magnitude") if "--teaching" in sys.argv[1:] else ("obs", "obd", "magnitude")
    table("Nearly without weight decay", HARDLY_ANY, criteria, corpus, test)
    table("Weight decay chosen on training words", best_decay(corpus), criteria, corpus, test)
    print(
        "\nHS93: 0.894 of the unpruned test error at 1,560 weights. Squared error: the sum over "
        "all outputs; share: of the unpruned network's; s: seconds since the dense network."
    )


if __name__ == "__main__":
    main()
