"""MNIST, 784-40-20-10 (32,430 weights): test accuracy at 80, 90, 95 and 98 % pruned.

Three networks are trained on 5,000 images from three starts, with the weight decay that has the
best accuracy on a fifth of these images in a first training that leaves the fifth out; the 10,000
images of the test set are scored once. Weight decay that is right for all weights may hold the
survivors too short: pruning goes on with all or a share of it, whichever leaves networks of the
first training the best accuracy on that fifth, on average over three starts and the four sizes of
one-shot pruning.
The networks are pruned by OBS with the default curvature (block-diagonal while large, then exact),
with the block-diagonal one alone, and by magnitude: "one-shot" without any training by gradients
on the way; "retrained" with one training of the survivors by L-BFGS at each of the four sizes, from
where pruning goes on. Networks are pruned side by side, one processor each.

    SKPRUNE_DATA=/path/to/data python benchmarks/mnist.py

where the folder holds mnist/mnist_5k.csv.gz (784 pixels and the label a line), and
mnist/t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz of the MNIST collection.
"""

import copy
import gzip
import os
import resource
import sys
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import perf_counter

import numpy as np
from _common import describe_machine, print_table
from joblib import Parallel, delayed
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from skprune import OBS, OBSMLPClassifier, PenalizedMLPClassifier

HIDDEN = (40, 20)
STARTS = (0, 1, 2)
ALPHAS = (1, 3, 10, 30)
DECAY_SHARES = (1.0, 0.3)
SHARES = (0.20, 0.10, 0.05, 0.02)
METHODS = {
    "obs": {},
    "obs, block-diagonal only": {"criterion": OBS(curvature="block")},
    "magnitude": {"criterion": "magnitude"},
}
# Test accuracy (%) of one-shot pruning as published, from a dense network of 93.97 %; the dense
# network was trained on 60,000 images.
PUBLISHED = [
    ("published: magnitude", "", "", "83.6", "32"),
    ("published: WoodFisher, blocks", "", "", "85.5", "38"),
    ("published: CBS", "", "", "88.9", "55"),
    ("published: CHITA, stages", "", "", "88 and more", "up to 90.7"),
]


def folder():
    path = Path(os.environ.get("SKPRUNE_DATA", "")) / "mnist"
    if not (path / "mnist_5k.csv.gz").is_file():
        sys.exit(
            f"{path / 'mnist_5k.csv.gz'} not found: set SKPRUNE_DATA to the folder whose mnist/ "
            "holds mnist_5k.csv.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz."
        )
    return path


def load():
    """Pixels in [0, 1] and labels, for training and for testing."""
    with gzip.open(folder() / "mnist_5k.csv.gz", "rt") as lines:
        table = np.loadtxt(lines, delimiter=",")
    test = []
    for name, header in (("images-idx3", 16), ("labels-idx1", 8)):
        with gzip.open(folder() / f"t10k-{name}-ubyte.gz") as file:
            test.append(np.frombuffer(file.read()[header:], np.uint8))
    X_test = test[0].reshape(len(test[1]), -1) / 255
    return table[:, :-1] / 255, table[:, -1].astype(int), X_test, test[1].astype(int)


def choose(X, y):
    """The weight decay of the dense network, and what share of it to prune with."""
    X_train, X_valid, y_train, y_valid = train_test_split(
        X, y, test_size=0.2, random_state=0, stratify=y
    )
    networks = Parallel(n_jobs=-1)(delayed(train)(X_train, y_train, alpha) for alpha in ALPHAS)
    scores = [network.score(X_valid, y_valid) for network in networks]
    print("validation accuracy by alpha:", dict(zip(ALPHAS, scores)), flush=True)
    best = int(np.argmax(scores))
    others = Parallel(n_jobs=-1)(
        delayed(train)(X_train, y_train, ALPHAS[best], start) for start in STARTS[1:]
    )
    paths = Parallel(n_jobs=-1)(
        delayed(one_shot)(with_decay(network, share), sizes_of(network), X_train, y_train)
        for share in DECAY_SHARES
        for network in (networks[best], *others)
    )
    scores = [fmean(pruned.score(X_valid, y_valid) for pruned in path) for path in paths]
    scores = np.reshape(scores, (len(DECAY_SHARES), len(STARTS)))
    by_share = dict(zip(DECAY_SHARES, np.round(scores, 4).tolist()))
    print("the same, pruned, three starts by share of alpha:", by_share, flush=True)
    return ALPHAS[best], DECAY_SHARES[np.argmax(scores.mean(axis=1))]


def train(X, y, alpha, start=0):
    network = PenalizedMLPClassifier(HIDDEN, direct_links=False, alpha=alpha, random_state=start)
    return network.fit(X, y)


def with_decay(network, share):
    """The same trained network, to be pruned with a share of its weight decay."""
    network = copy.copy(network)
    network.alpha_ = share * network.alpha_
    return network


def sizes_of(network):
    n_weights = sum(w.size for w in (*network.coefs_, *network.intercepts_))
    return [round(share * n_weights) for share in SHARES]


def one_shot(network, sizes, X, y, **method):
    """The networks of one path without training."""
    pruned = OBSMLPClassifier(
        FrozenEstimator(network),
        teaching_signal="data",
        n_weights=sizes[-1],
        retrain="never",
        **method,
    ).fit(X, y)
    return [pruned.at_size(size) for size in sizes]


def retrained(network, sizes, X, y, **method):
    """The networks of a path that is trained at each size."""
    networks = []
    for size in sizes:
        network = OBSMLPClassifier(
            FrozenEstimator(network),
            teaching_signal="data",
            n_weights=size,
            retrain="final",
            **method,
        ).fit(X, y)
        networks.append(network)
    return networks


def timed(prune, network, X, y, method):
    """The pruned networks, the minutes, and the GiB that the process has used at most."""
    began = perf_counter()
    networks = prune(network, sizes_of(network), X, y, **method)
    minutes = (perf_counter() - began) / 60
    return networks, minutes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def percent(networks, X, y):
    return [100 * network.score(X, y) for network in networks]


def main():
    describe_machine()
    X, y, X_test, y_test = load()
    began = perf_counter()
    alpha, share = choose(X, y)
    dense = Parallel(n_jobs=-1)(delayed(train)(X, y, alpha, start) for start in STARTS)
    whole = percent(dense, X_test, y_test)
    print(
        f"dense: alpha={alpha}, {share} of it while pruning, test accuracy {fmean(whole):.2f} % "
        f"({', '.join(f'{score:.2f}' for score in whole)}), "
        f"{(perf_counter() - began) / 60:.1f} minutes",
        flush=True,
    )
    header = ["method", *(f"{100 - 100 * share:.0f} %" for share in SHARES), "minutes each"]
    networks = [with_decay(network, share) for network in dense]
    jobs = [
        (prune, method, network)
        for prune in (one_shot, retrained)
        for method in METHODS.values()
        for network in networks
    ]
    done = Parallel(n_jobs=-1, return_as="generator")(
        delayed(timed)(prune, network, X, y, method) for prune, method, network in jobs
    )
    peak = 0.0
    for title, others in (("one-shot", PUBLISHED), ("retrained at each size", [])):
        rows, falls = [], []
        for name in METHODS:
            paths, minutes, peaks = zip(*islice(done, len(networks)))
            scores = np.array([percent(path, X_test, y_test) for path in paths])
            means = [f"{score:.2f}" for score in scores.mean(axis=0)]
            rows.append([name, *means, f"{fmean(minutes):.1f}"])
            falls.append([name, *falls_of(whole, scores)])
            print(*rows[-1], "falls:", *falls[-1], flush=True)
            peak = max(peak, *peaks)
        rows += [[*row, ""] for row in others]
        print_table(f"MNIST, {title}: test accuracy (%), mean of three starts", header, rows)
        print_table(f"MNIST, {title}: points below the dense networks", header[:-1], falls)
    print(f"\nPeak memory of a process: {peak:.1f} GiB.")


def falls_of(whole, scores):
    """Mean fall from the dense networks, and its standard error over the starts, at each size."""
    falls = np.subtract(np.reshape(whole, (-1, 1)), scores)
    errors = falls.std(axis=0, ddof=1) / np.sqrt(len(falls))
    return [f"{fall:.2f} +- {error:.2f}" for fall, error in zip(falls.mean(axis=0), errors)]


if __name__ == "__main__":
    main()
