"""The NETtalk corpus: English words, letter by letter, and how they are pronounced."""

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

_WORDS, _COMMON, _CODES = "nettalk.data", "nettalk_1000_words.txt", "phoneme_features.json"
_N_HEADER_LINES = 10
# Letters seen at a time, the middle one being pronounced, and what a position can hold: a letter,
# the blank around a word, and two signs of running text that no single word has.
_WINDOW = 7
_SYMBOLS = "abcdefghijklmnopqrstuvwxyz ,."
_STRESSES = "<>012"

_DESCRIPTION = """\
NETtalk corpus, {subset} words
============================

{n_words} English words and their pronunciation, one sample a letter ({n_letters}): the letter with
three neighbours to either side, 7 x 29 binary inputs, and 26 binary outputs, the 21 articulatory
features of the letter's phoneme and 5 of stress and syllables. Of words with several
pronunciations the first is taken, as in the original study.

Source: T. J. Sejnowski and C. R. Rosenberg, "Parallel networks that learn to pronounce English
text", Complex Systems 1, 1987. (C) 1988 Terrence J. Sejnowski; for non-commercial research.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "subset": [StrOptions({"common", "rest", "all"})],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_nettalk(
    data_home: str | os.PathLike | None = None, *, subset: str = "common", return_X_y: bool = False
) -> Bunch | tuple[sparse.csr_array, np.ndarray]:
    """Load the NETtalk corpus as 203 binary inputs and 26 binary outputs a letter.

    The real-world problem of HS93: with 24 hidden units, all biases included, a network for it
    has 5,546 weights. The corpus is free for non-commercial research and does not come with
    skprune: its files are read from a folder of yours, nothing is downloaded.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder with `nettalk.data` (the corpus), `nettalk_1000_words.txt` (the most common
        words, one a line) and `phoneme_features.json` (the features of each phoneme), or with a
        folder `nettalk` that holds them. None takes the environment variable `SKPRUNE_DATA`.

    subset : {"common", "rest", "all"}, default="common"
        The 1,000 most common words (5,438 letters), on which networks are usually trained; the
        others; or all of them.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch` or tuple
        With ``return_X_y=True`` the tuple ``(data, target)``, otherwise a Bunch of

        data : csr_array of shape (n_letters, 203)
            The window of seven letters around each letter, 29 inputs a position.
        target : ndarray of shape (n_letters, 26)
            Articulatory features of the phoneme (21), stress and syllables (5), 0 or 1.
        words : list of str
            The words, in the order of the corpus.
        groups : ndarray of shape (n_letters,)
            Position in `words` of each letter's word, to split by words.
        phonemes : ndarray of str of shape (n_letters,)
            The symbol of each letter's phoneme.
        phoneme_names : list of str
            Symbols of all phonemes.
        phoneme_codes : ndarray of shape (n_phonemes, 21)
            Their articulatory features.
        feature_names, target_names : list of str
            Such as "-3=a" (an "a" three places before), and "Voiced".
        DESCR : str
            What the data are and where they come from.

    Raises
    ------
    ValueError
        If no folder is given, or a file does not have the format of the corpus.
    FileNotFoundError
        If a file is missing.

    See Also
    --------
    load_monks : The small benchmark of HS93, which needs no files.

    Notes
    -----
    The 20,008 entries of the corpus hold 19,802 words; `gunpowder`, whose stresses are missing,
    is left out.

    References
    ----------
    HS93, section 6.

    Examples
    --------
    >>> from skprune.datasets import load_nettalk
    >>> corpus = load_nettalk("my_data")  # doctest: +SKIP
    >>> corpus.data.shape, corpus.target.shape  # doctest: +SKIP
    ((5438, 203), (5438, 26))
    """
    folder = _folder(data_home)
    entries = _read_words(folder / _WORDS)
    codes, target_names = _read_codes(folder / _CODES)
    common = set(_text(folder / _COMMON).split())
    missing = sorted(common - entries.keys())
    if missing or not common:
        raise ValueError(
            f"{folder / _COMMON} should hold words of the corpus, one a line; "
            + (f"{missing[0]!r} is not one of them." if missing else "it holds none.")
        )
    entries = _chosen(entries, common, subset, folder)
    words = list(entries)
    phonemes = [symbol for sounds, _ in entries.values() for symbol in sounds]
    stresses = [symbol for _, stress in entries.values() for symbol in stress]
    unknown = sorted(set(phonemes + stresses) - codes.keys())
    if unknown:
        raise ValueError(f"{folder / _CODES} has no features of {unknown[0]!r}.")
    data = _windows(words)
    target = np.array([codes[p] | codes[s] for p, s in zip(phonemes, stresses)], dtype=np.int8)
    if return_X_y:
        return data, target
    names = sorted(set(codes) - set(_STRESSES))
    n_articulatory = target.shape[1] - 5
    return Bunch(
        data=data,
        target=target,
        words=words,
        groups=np.repeat(np.arange(len(words)), [len(word) for word in words]),
        phonemes=np.array(phonemes),
        phoneme_names=names,
        phoneme_codes=np.array([codes[name][:n_articulatory] for name in names], dtype=np.int8),
        feature_names=[
            f"{place - _WINDOW // 2:+d}={symbol}" for place in range(_WINDOW) for symbol in _SYMBOLS
        ],
        target_names=target_names,
        DESCR=_DESCRIPTION.format(subset=subset, n_words=len(words), n_letters=len(target)),
    )


def _chosen(entries, common, subset, folder):
    """The entries of a subset, of which there must be some."""
    if subset != "all":
        entries = {w: e for w, e in entries.items() if (w in common) == (subset == "common")}
    if not entries:
        raise ValueError(
            f"subset={subset!r} holds no words: {folder / _COMMON} names all of those in "
            f"{folder / _WORDS}. Use subset='common', or a list of the common words alone."
        )
    return entries


def _folder(data_home):
    """The folder that holds the files."""
    home = data_home if data_home is not None else os.environ.get("SKPRUNE_DATA")
    if home is None:
        raise ValueError(
            "data_home is None and the environment variable SKPRUNE_DATA is not set; give the "
            f"folder that holds {_WORDS}, {_COMMON} and {_CODES}."
        )
    try:
        home = Path(home).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"data_home={str(home)!r} begins with the home directory of nobody known here: "
            f"{error} Give the folder's whole path."
        ) from error
    return home / "nettalk" if (home / "nettalk").is_dir() else home


def _text(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; data_home (or SKPRUNE_DATA) should name the folder that holds "
            f"{_WORDS}, {_COMMON} and {_CODES}."
        )
    try:
        return path.read_text(encoding="ascii")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file of the NETtalk corpus: {error}.") from error


def _read_words(path):
    """``{word: (phonemes, stresses)}``, the first pronunciation of each word."""
    entries = {}
    lines = _text(path).splitlines()[_N_HEADER_LINES:]
    for number, line in enumerate(lines, start=_N_HEADER_LINES + 1):
        fields = line.split("\t")
        if not line or (len(fields) == 4 and not fields[3].strip()):
            continue
        word, phonemes, stresses = [*fields, "", "", ""][:3]
        right = len(fields) == 4 and len(word) == len(phonemes) == len(stresses)
        if not right or set(word) - set(_SYMBOLS) or set(stresses) - set(_STRESSES):
            raise ValueError(
                f"Line {number} of {path} should be a word, its phonemes, its stresses and a flag, "
                f"separated by tabs, one symbol a letter; got {line!r}."
            )
        entries.setdefault(word, (phonemes, stresses))
    if not entries:
        raise ValueError(f"{path} holds no words after its {_N_HEADER_LINES} header lines.")
    return entries


def _read_codes(path):
    """Binary codes of the phonemes and stresses, all outputs in each, and the outputs' names."""
    try:
        table = json.loads(_text(path))
        places = {**table["_feature_indices"], **table["_stress_indices"]}
        if sorted(places.values()) != list(range(len(places))):
            raise LookupError(f"indices of features that are not 0 to {len(places) - 1}, each once")
        codes = {}
        for part in ("phonemes", "stress_encoding"):
            for symbol, entry in table[part].items():
                # "-" is a silent letter among the phonemes, a word boundary among the stresses.
                if symbol in codes:
                    continue
                codes[symbol] = np.zeros(len(places), dtype=np.int8)
                codes[symbol][[places[name] for name in entry["features"]]] = 1
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} should be a JSON object with '_feature_indices', '_stress_indices', "
            f"'phonemes' and 'stress_encoding'; got {type(error).__name__}: {error}."
        ) from error
    return codes, sorted(places, key=places.get)


def _windows(words):
    """One row a letter: the symbols around it, one-hot."""
    blanks = " " * (_WINDOW // 2)
    code = {symbol: place for place, symbol in enumerate(_SYMBOLS)}
    text = np.array([code[symbol] for symbol in blanks + blanks.join(words) + blanks])
    ends = np.cumsum([0] + [len(word) + len(blanks) for word in words])
    centres = np.concatenate(
        [np.arange(start + len(blanks), stop) for start, stop in pairwise(ends)]
    )
    offsets = np.arange(_WINDOW)
    columns = text[centres[:, None] + offsets - len(blanks)] + len(_SYMBOLS) * offsets
    shape = len(centres), _WINDOW * len(_SYMBOLS)
    # liblinear and others take 32-bit indices alone.
    indices = columns.ravel().astype(np.int32)
    indptr = np.arange(0, columns.size + 1, _WINDOW, dtype=np.int32)
    return sparse.csr_array((np.ones(columns.size), indices, indptr), shape=shape)
