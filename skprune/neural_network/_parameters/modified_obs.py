"""Constants of the modified Optimal Brain Surgeon."""

from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints


class ModifiedOBS(BaseEstimator):
    """Constants of HS97's modified Optimal Brain Surgeon.

    Passed as `criterion` to `OBSMLPClassifier`, `OBSMLPRegressor` and their cross-validated
    counterparts; the string "obs-obd" means these defaults. Each step tries two deletions of
    single weights, the one with the lowest OBS saliency and the one with the lowest OBD
    saliency, and keeps the one after which the training loss is lower. Use it to compare with the
    paper, or on networks that were not trained to a minimum; "obs", with its first-order term
    and trust region, needs fewer Hessians.

    Parameters
    ----------
    target_loss : float or "auto", default="auto"
        HS97's E_tol, a mean training loss without weight decay. The network ends with at most
        `retrain_to` times it. "auto" is what `threshold` of the estimator allows divided by
        `retrain_to` (no limit where there is no threshold).
    retrain_above : float, default=4.5
        The survivors are trained when the loss after a deletion is more than this many times the
        target. As reported in HS97.
    retrain_to : float, default=1.1
        Training ends when the loss is at most this many times the target. If it ends above, the
        last deletion is undone and pruning stops. As recalled of HS97.
    max_patterns : int, default=800_000
        Training patterns that a retraining may see, an iteration of L-BFGS counting as one pass
        over all. As reported in HS97.
    min_saliency : float, default=1e-4
        Where ``w^2 / [H^-1]`` or ``H w^2`` (the diagonal entry of the weight) is smaller, the
        weight is deleted and the others stay as they are; in units of the mean loss. As recalled of
        HS97.
    max_inverse_error : float, default=10.0
        The same where the absolute values of the entries of ``I - H^-1 H`` sum to more. As recalled
        of HS97.
    max_change : float, default=5.0
        A correction of the surviving weights of which one would change by more is scaled until none
        does. As reported in HS97.
    damping : "auto" or float, default="auto"
        Added to the diagonal of the Hessian. "auto" is 1e-8 of the mean curvature.

    See Also
    --------
    OBSMLPClassifier : Takes it as `criterion`.
    OBSMLPRegressor : Takes it as `criterion`.
    FlatMinimum : The method it was compared with.

    Notes
    -----
    Every deletion has a Hessian and an inverse of its own: O(P n^2 + n^3) operations for P
    samples and n surviving weights, and 24 n^2 bytes.

    References
    ----------
    HS97, appendix (the comparison with Optimal Brain Surgeon).

    Examples
    --------
    >>> from skprune import ModifiedOBS, OBSMLPClassifier
    >>> from skprune.datasets import make_noisy_classification
    >>> X, y = make_noisy_classification(random_state=1)
    >>> model = OBSMLPClassifier(criterion=ModifiedOBS(max_change=1.0), random_state=1).fit(X, y)
    >>> model.n_weights_ < 41
    True
    """

    _parameter_constraints: dict = {
        "target_loss": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "retrain_above": [Interval(Real, 1, None, closed="left")],
        "retrain_to": [Interval(Real, 1, None, closed="left")],
        "max_patterns": [Interval(Integral, 1, None, closed="left")],
        "min_saliency": [Interval(Real, 0, None, closed="left")],
        "max_inverse_error": [Interval(Real, 0, None, closed="left")],
        "max_change": [Interval(Real, 0, None, closed="neither")],
        "damping": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        target_loss="auto",
        *,
        retrain_above=4.5,
        retrain_to=1.1,
        max_patterns=800_000,
        min_saliency=1e-4,
        max_inverse_error=10.0,
        max_change=5.0,
        damping="auto",
    ):
        self.target_loss = target_loss
        self.retrain_above = retrain_above
        self.retrain_to = retrain_to
        self.max_patterns = max_patterns
        self.min_saliency = min_saliency
        self.max_inverse_error = max_inverse_error
        self.max_change = max_change
        self.damping = damping

    def _validate(self):
        """Raise an error that names the parameter with an invalid value."""
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
        if self.retrain_above < self.retrain_to:
            raise ValueError(
                f"retrain_above={self.retrain_above} is less than retrain_to={self.retrain_to}, so "
                "that networks which need no training would be trained; raise it."
            )

    @property
    def _allowed_loss(self):
        """The loss that the target allows, or None for "auto"."""
        return None if self.target_loss == "auto" else self.retrain_to * self.target_loss
