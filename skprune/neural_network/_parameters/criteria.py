"""The criteria of the pruning estimators, with their constants."""

from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

from .modified_obs import ModifiedOBS

LINEARIZE = [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")]
DAMPING = [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")]


class _Constants(BaseEstimator):
    """A `BaseEstimator` for its parameters only."""

    def _validate(self):
        """Raise an error that names the parameter with an invalid value."""
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )


class OBS(_Constants):
    """Constants of Optimal Brain Surgeon.

    Passed as `criterion` to `OBSMLPClassifier`, `OBSMLPRegressor` and their cross-validated
    counterparts; the string "obs" means these defaults. A deletion costs what it raises a quadratic
    model of the loss, when the weights that stay make up for it as well as they can, and they do.

    Parameters
    ----------
    linearize : "auto" or int, default="auto"
        When the quadratic model is made anew: "auto" when its forecast fails, or after so many
        deletions. ``OBS(linearize=1, first_order=False, curvature="recursion")`` is the algorithm
        of 1993.
    first_order : bool, default=True
        Whether the model has the gradient, which is not zero once weights are deleted (or when
        training stopped early).
    damping : "auto" or float, default="auto"
        Added to the diagonal of the curvature (HS93: 1e-8 to 1e-4). "auto" adapts it to how well
        the forecasts come true; without forecasts (``linearize=k, first_order=False``) it is 1e-8
        of the mean curvature.
    curvature : {"auto", "exact", "low_rank", "block", "recursion", "hessian"}, default="auto"
        What is known of the curvature.

        "exact": all of the Gauss-Newton matrix, an n x n matrix. "block": only what the weights
        into the same unit share, for networks of tens of thousands of weights. "low_rank": 1,024
        random combinations of the Jacobian's rows, or all of its rows when these are no more,
        which is exact. "auto" starts with "block" ("low_rank" where that is exact) and goes over
        to "exact" when 20 n^2 bytes fit scikit-learn's `working_memory`: with the default of
        1 GiB, at 7,327 weights.

        "recursion": the inverse of the Gauss-Newton matrix pattern by pattern (HS93 eq. 17), as
        published: the same matrix as "exact", slower. "hessian": the Hessian itself, with the
        second derivatives that Gauss-Newton leaves out. Where it is not positive definite the
        damping is raised tenfold until it is.

    See Also
    --------
    OBSMLPClassifier : Takes it as `criterion`.
    OBSMLPRegressor : Takes it as `criterion`.
    OBD : A diagonal curvature; the weights that stay do not move.
    ModifiedOBS : The modification of HS97.

    Notes
    -----
    With P samples, n surviving weights and c outputs a linearisation costs O(P n^2) operations
    for the curvature (outputs are summed before the products, inputs that are zero cost nothing)
    or O(P c n^2) where that is less, and n^3 for its inverse (P^2 c^2 n + P c n^2 where P c is less
    than n / 2); a deletion costs n^2. Memory is 8 n^2 bytes, two and a half times that at the peak,
    beside `working_memory`.

    "block" costs O(P n f) operations for the curvature and n f^2 for its inverse, f being the
    weights of a block, at most 1,024; a deletion costs f^2; memory is 8 n f bytes. "low_rank" costs
    m^2 n operations for m rows, at most 1,024, and m n a deletion; memory is 24 m n bytes. "block"
    takes 10,000 patterns at most, drawn at random, and "low_rank" no more patterns than rows; the
    losses and gradients are always those of all samples. "recursion" costs 2 P c n^2 operations for
    each damping that is tried, at the speed of the memory; "hessian" 8 P n^2 for the curvature.

    References
    ----------
    HS93: eq. 5 (saliency and update), eq. 17 and eq. 20 (inverse).

    Examples
    --------
    >>> from skprune import OBS, OBSMLPClassifier, PenalizedMLPClassifier
    >>> from skprune.datasets import make_xor
    >>> X, y = make_xor()
    >>> network = PenalizedMLPClassifier((2,), loss="squared_error", alpha=1e-4, random_state=0)
    >>> of_1993 = OBS(linearize=1, first_order=False, damping=1e-6, curvature="recursion")
    >>> how = {"criterion": of_1993, "teaching_signal": "data"}
    >>> model = OBSMLPClassifier(network, n_weights=8, **how).fit(X, y)
    >>> model.n_weights_, model.score(X, y)
    (8, 1.0)
    """

    _parameter_constraints: dict = {
        "linearize": LINEARIZE,
        "first_order": ["boolean"],
        "damping": DAMPING,
        "curvature": [StrOptions({"auto", "exact", "low_rank", "block", "recursion", "hessian"})],
    }

    def __init__(self, linearize="auto", *, first_order=True, damping="auto", curvature="auto"):
        self.linearize = linearize
        self.first_order = first_order
        self.damping = damping
        self.curvature = curvature


class OBD(_Constants):
    """Constants of Optimal Brain Damage.

    Passed as `criterion` to `OBSMLPClassifier`, `OBSMLPRegressor` and their cross-validated
    counterparts; the string "obd" means these defaults. A deletion costs ``1/2 H_qq w_q^2`` with
    the diagonal of the Gauss-Newton matrix (for units and inputs, with its block), and the weights
    that stay do not move. It is cheap; `OBS` deletes more at the same loss.

    Parameters
    ----------
    linearize : "auto" or int, default="auto"
        When the quadratic model is made anew: "auto" when its forecast fails, or after so many
        deletions.

    See Also
    --------
    OBSMLPClassifier : Takes it as `criterion`.
    OBSMLPRegressor : Takes it as `criterion`.
    OBS : All of the curvature; the weights that stay make up for the deletion.

    Notes
    -----
    For n weights and P samples a linearisation costs O(P n) operations for single weights; of
    units or inputs it takes the blocks of a curvature matrix.

    References
    ----------
    LeCun, Denker & Solla, "Optimal brain damage", NIPS 2, 1990; HS93 compares with it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skprune import OBD, OBSMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = OBSMLPClassifier(criterion=OBD(linearize=1), random_state=0).fit(scale(X), y)
    >>> model.stopped_by_
    'max_divergence'
    """

    _parameter_constraints: dict = {"linearize": LINEARIZE}

    def __init__(self, linearize="auto"):
        self.linearize = linearize


class Magnitude(_Constants):
    """Constants of magnitude pruning.

    Passed as `criterion` to `OBSMLPClassifier`, `OBSMLPRegressor` and their cross-validated
    counterparts; the string "magnitude" means these defaults. The smallest weights go first,
    whatever the loss says; a measure for other criteria.

    Parameters
    ----------
    linearize : "auto" or int, default="auto"
        After how many deletions the survivors are trained with ``retrain="always"``: "auto" is a
        twentieth of the candidates, so that steps shrink with the network.

    See Also
    --------
    OBSMLPClassifier : Takes it as `criterion`.
    OBSMLPRegressor : Takes it as `criterion`.
    OBD : Looks at the curvature as well.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skprune import Magnitude, OBSMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = OBSMLPClassifier(criterion=Magnitude(), n_weights=10, random_state=0)
    >>> model.fit(scale(X), y).n_weights_
    10
    """

    _parameter_constraints: dict = {"linearize": LINEARIZE}

    def __init__(self, linearize="auto"):
        self.linearize = linearize


#: What the strings stand for.
CRITERIA = {"obs": OBS, "obd": OBD, "magnitude": Magnitude, "obs-obd": ModifiedOBS}


def as_criterion(criterion):
    """The object that a string means; an object as it is."""
    return CRITERIA[criterion]() if isinstance(criterion, str) else criterion
