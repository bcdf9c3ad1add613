"""The MONK's problems, rebuilt from their rules."""

from itertools import product
from numbers import Integral

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Options, StrOptions, validate_params

_FEATURE_NAMES = ["a1", "a2", "a3", "a4", "a5", "a6"]
_N_VALUES = (3, 3, 2, 3, 4, 2)

# Which of the 432 patterns, in lexicographic order, are in the training set of each problem:
# one bit a pattern, most significant first.
_TRAINING_BITS = {
    1: (
        "0c0024300a40698d2110071c22225b1057a30cdb021909123804d5"
        "87200280884904e004c09010901410814100c400a2a10571870055"
    ),
    2: (
        "12ea22c00b50405edf220acf5c36190e45209810569221d509880e"
        "9798b1c48d6269a40d0257d49f20715c60ac9cb485ac040080aca1"
    ),
    3: (
        "7a91001113cc0838f609b0b0220688e10502c3c01610024005609d"
        "104c0208b4085209a1a801412005801208401440860601b2c01485"
    ),
}

# Ranks, from 1, of the training patterns of problem 3 whose label is wrong on purpose.
_FLIPPED_RANKS = (5, 61, 203, 213, 214, 391)

_RULES = {
    1: "a1 == a2 or a5 == 1",
    2: "exactly two of a1, ..., a6 equal 1",
    3: "(a5 == 3 and a4 == 1) or (a5 != 4 and a2 != 3)",
}

_DESCRIPTION = """\
MONK's problem {problem}, {subset} set
==============================

{n_samples} patterns of six nominal attributes that describe robots: a1 head shape (1 to 3),
a2 body shape (1 to 3), a3 is smiling (1 or 2), a4 holding (1 to 3), a5 jacket colour
(1 to 4), a6 has tie (1 or 2). The class is 1 where

    {rule}

and 0 elsewhere.{noise} The test set of each problem holds all 432 patterns.

Source: S. Thrun et al., "The MONK's problems: a performance comparison of different learning
algorithms", Carnegie Mellon University, CMU-CS-91-197, 1991; UCI repository "MONK's Problems".
"""


@validate_params(
    {
        "problem": [Options(Integral, set(_RULES))],
        "subset": [StrOptions({"train", "test"})],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_monks(
    problem: int = 1,
    *,
    subset: str = "train",
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Load one of the three MONK's problems.

    The benchmark of HS93, table 1: six nominal attributes, 432 possible patterns and a
    logical rule to learn from some of them. The data are rebuilt from the rules; nothing is
    downloaded. The attributes are left raw; encode them with
    :class:`~sklearn.preprocessing.OneHotEncoder` for the 17 inputs of HS93.

    Parameters
    ----------
    problem : {1, 2, 3}, default=1
        Which problem: 1 is ``a1 == a2 or a5 == 1``, 2 is "exactly two attributes equal 1",
        3 is ``(a5 == 3 and a4 == 1) or (a5 != 4 and a2 != 3)`` with six of the training
        labels flipped.

    subset : {"train", "test"}, default="train"
        The 124, 169 or 122 training patterns of the problem, or all 432 patterns with their
        right labels. The training patterns are among the test patterns.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, `data` is a pandas DataFrame and `target` a pandas Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch` or tuple
        With ``return_X_y=True`` the tuple ``(data, target)``, otherwise a Bunch of

        data : {ndarray, DataFrame} of shape (n_samples, 6)
            The attributes a1 to a6 as integers, in lexicographic order of the patterns.
        target : {ndarray, Series} of shape (n_samples,)
            The class, 0 or 1.
        feature_names : list of str
            ``["a1", ..., "a6"]``.
        target_names : list of str
            ``["0", "1"]``.
        frame : DataFrame of shape (n_samples, 7) or None
            `data` and `target` side by side, with ``as_frame=True`` only.
        DESCR : str
            What the data are and where they come from.

    Raises
    ------
    ValueError
        If `problem` or `subset` is none of the above.
    ImportError
        If ``as_frame=True`` and pandas is not installed.

    See Also
    --------
    make_xor : The smallest problem that needs a hidden layer.

    Notes
    -----
    Time and memory are those of an integer table of 432 x 7.

    References
    ----------
    HS93, table 1.

    Examples
    --------
    >>> from skprune.datasets import load_monks
    >>> X, y = load_monks(3, return_X_y=True)
    >>> X.shape
    (122, 6)
    >>> monks = load_monks(3, subset="test")
    >>> int(monks.target.sum())
    228
    """
    data = np.array(list(product(*(range(1, n + 1) for n in _N_VALUES))))
    target = _apply_rule(problem, data).astype(np.int64)
    if subset == "train":
        if problem == 3:
            target[np.array(_FLIPPED_RANKS) - 1] ^= 1
        selected = _training_mask(problem)
        data, target = data[selected], target[selected]

    frame = None
    if as_frame:
        frame = _as_frame(data, target)
        data, target = frame[_FEATURE_NAMES], frame["target"]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        feature_names=list(_FEATURE_NAMES),
        target_names=["0", "1"],
        DESCR=_describe(problem, subset, len(target)),
    )


def _apply_rule(problem, data):
    a1, a2, _, a4, a5, _ = data.T
    if problem == 1:
        return (a1 == a2) | (a5 == 1)
    if problem == 2:
        return (data == 1).sum(axis=1) == 2
    return ((a5 == 3) & (a4 == 1)) | ((a5 != 4) & (a2 != 3))


def _training_mask(problem):
    packed = np.frombuffer(bytes.fromhex(_TRAINING_BITS[problem]), dtype=np.uint8)
    return np.unpackbits(packed).astype(bool)


def _as_frame(data, target):
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "load_monks(as_frame=True) needs pandas, which is not installed; install it with "
            "'pip install pandas' or pass as_frame=False."
        ) from error
    return pd.DataFrame(data, columns=_FEATURE_NAMES).assign(target=target)


def _describe(problem, subset, n_samples):
    noisy = problem == 3 and subset == "train"
    return _DESCRIPTION.format(
        problem=problem,
        subset=subset,
        n_samples=n_samples,
        rule=_RULES[problem],
        noise=" Six of the labels are flipped." if noisy else "",
    )
