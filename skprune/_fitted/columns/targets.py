"""How predictions go back through the transformers of a regressor's target."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from .transformers import UnknownStep, affine_of, function_name


def steps_back(transformers, n_outputs):
    """Factors, shifts and a function's name (or None) of each step from outputs to predictions.

    Parameters
    ----------
    transformers : list of estimator
        Fitted transformers of the target, in the order in which predictions go back through them.
    n_outputs : int

    Returns
    -------
    steps : list of (ndarray of shape (n_outputs,), ndarray of shape (n_outputs,), str or None)

    Raises
    ------
    UnknownStep
        If one of them cannot be written down; the message names it.
    """
    return [step for one in transformers for step in _back(one, n_outputs)]


def _back(transformer, n_outputs):
    one, none = np.ones(n_outputs), np.zeros(n_outputs)
    if transformer is None or isinstance(transformer, str):
        return []
    if type(transformer) is Pipeline:
        return steps_back([step for _, step in transformer.steps][::-1], n_outputs)
    if type(transformer) is FunctionTransformer:
        if transformer.inverse_func is None:
            return []
        return [(one, none, function_name(transformer.inverse_func, transformer.inv_kw_args))]
    scaler = affine_of(transformer)
    if scaler is None:
        raise UnknownStep(
            f"{type(transformer).__name__}, which transforms the target, cannot be written down."
        )
    factors, shifts = (default if part is None else part for default, part in zip((one, none),
                       scaler))  # fmt: skip
    return [(1.0 / factors, -shifts / factors, None)]
