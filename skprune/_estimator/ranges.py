"""Numbers that arithmetic in double precision can bear."""

import numpy as np
from scipy import sparse

#: Size of inputs and targets up to which the sums of products that are made of them (curvatures are
#: of second order, their norms and step lengths of fourth) stay below 1e308, with room for weights.
LARGEST = 1e50


def check_size(values, name="X"):
    """Refuse numbers of which products would be infinite.

    Parameters
    ----------
    values : {ndarray, sparse matrix}
        Finite numbers.
    name : str, default="X"
        What they are called.
    """
    numbers = values.data if sparse.issparse(values) else values
    # (Absolute values would be a copy of all of them.)
    largest = max(float(np.max(numbers, initial=0)), -float(np.min(numbers, initial=0)))
    if largest > LARGEST:
        raise ValueError(
            f"{name} has numbers of up to {largest:.3g} in size, whose products are beyond the "
            f"range of double precision; valid are numbers of up to {LARGEST:g}. Scale {name} "
            "(StandardScaler), or remove what is an error of measurement."
        )


def check_total(sample_weight):
    """Refuse sample weights whose sum would make sums over samples zero or infinite."""
    total = float(sample_weight.sum())
    if not 1 / LARGEST <= total <= LARGEST:
        raise ValueError(
            f"The sample weights sum to {total:.3g}; valid are sums from {1 / LARGEST:g} to "
            f"{LARGEST:g}. Multiply them by a constant: weights of about one count as samples do."
        )
