"""Made-up tables for mixtures: random mixtures of every form, and a table full of ties."""

import numpy as np

FORMS = ("spherical", "diag", "tied", "full")


def random_mixture(seed):
    """Draw observations from a random mixture, and the form of its covariances.

    One to ten features, one to eight components of uneven weights, standard deviations over two
    decades: narrow clouds lie inside wide ones, and long ones side by side.
    """
    rng = np.random.default_rng(seed)
    form = FORMS[seed % 4]
    d, n_components = int(rng.integers(1, 11)), int(rng.integers(1, 9))
    n_samples = int(10 ** rng.uniform(2.5, 3.5))
    labels = rng.choice(n_components, size=n_samples, p=rng.dirichlet(np.ones(n_components)))
    means = 5.0 * rng.standard_normal((n_components, d))
    own = {"spherical": (n_components, 1), "tied": (1, d)}.get(form, (n_components, d))
    widths = np.broadcast_to(10 ** rng.uniform(-1, 1, size=own), (n_components, d))
    noise = rng.standard_normal((n_samples, d)) * widths[labels]
    if form in ("tied", "full"):
        rotations = np.linalg.qr(rng.standard_normal((n_components, d, d)))[0]
        rotations = rotations[[0] * n_components] if form == "tied" else rotations
        noise = np.einsum("nij,nj->ni", rotations[labels], noise)
    return means[labels] + noise, form


def tied_table(n_samples=11_000, seed=0):
    """Make a table of measurements with heavy ties, like those of microcalcifications.

    Six columns. Where nothing was found, in two rows of five, three columns have their least
    value; one of the others counts, one is rounded to a tenth, one has a cap.
    """
    rng = np.random.default_rng(seed)
    found = rng.random(n_samples) < 0.6
    kind = (rng.random(n_samples) < 0.2).astype(int)
    size = rng.gamma(2.0 + kind, 1.0, n_samples)
    contrast = rng.normal(2.0 * kind, 0.6) + 0.3 * size
    shape = np.exp(0.4 * rng.standard_normal(n_samples) + 0.5 * kind)
    table = np.column_stack(
        [
            np.round(size, 1),
            np.minimum(rng.normal(50, 15, n_samples), 75.0),
            rng.poisson(3 + 4 * kind).astype(float),
            np.where(found, contrast, -3.0),
            np.where(found, shape, 0.0),
            np.where(found, rng.normal(1.0 + kind, 0.5) + shape, 0.0),
        ]
    )
    return (table - table.mean(axis=0)) / table.std(axis=0)
