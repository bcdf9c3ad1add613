"""How networks that grow divide their units, with the constants."""

from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

from ..._growing.criteria import CRITERIA


class SplitCriterion(BaseEstimator):
    """Which hidden unit is split, along which directions, and how far.

    Passed as `criterion` to `SplittingMLPClassifier` and `SplittingMLPRegressor`; a string means a
    criterion of that name with the defaults below.

    Parameters
    ----------
    name : {"splitting_matrix", "scatter", "gate", "hessian", "meiosis", "random"}, \
            default="splitting_matrix"
        How units are judged: see `SplittingMLPClassifier`.
    step : float, default=1.0
        Distance of the children from their parent, in standard deviations of the per-pattern Newton
        steps along the direction (at most as far as moves the net input by one).
    n_directions : int, default=1
        Dominant directions along which a unit is split, into two children each; one for "meiosis".
    new_units : bool, default=True
        Whether a new unit is tried after a split that brought no better network, and where no split
        is left: of 50 random ones, the one whose outgoing weights have the largest gradient.

    See Also
    --------
    SplittingMLPClassifier : Takes it as `criterion`.
    SplittingMLPRegressor : Takes it as `criterion`.

    References
    ----------
    WJ92: splits along the scatter of the updates, and why they slip back.

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import SplitCriterion, SplittingMLPRegressor
    >>> X = np.linspace(-2, 2, 100).reshape(-1, 1)
    >>> y = np.sin(2 * X).ravel()
    >>> splits_alone = SplitCriterion("scatter", new_units=False)
    >>> model = SplittingMLPRegressor(criterion=splits_alone, max_hidden=6, random_state=0)
    >>> {entry["action"] for entry in model.fit(X, y).history_} <= {"start", "split", "final"}
    True
    """

    _parameter_constraints: dict = {
        "name": [StrOptions(set(CRITERIA))],
        "step": [Interval(Real, 0, None, closed="neither")],
        "n_directions": [Interval(Integral, 1, None, closed="left")],
        "new_units": ["boolean"],
    }

    def __init__(self, name="splitting_matrix", *, step=1.0, n_directions=1, new_units=True):
        self.name = name
        self.step = step
        self.n_directions = n_directions
        self.new_units = new_units

    def _validate(self):
        """Raise an error that names the parameter with an invalid value."""
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
