"""Weight elimination's constants."""

from numbers import Real

from sklearn.utils._param_validation import Interval

from ..._training.precision_box import small_weights
from ..._training.weight_elimination import WeightEliminationPenalty
from .penalty import AdaptivePenalty

_WEAK_WEIGHT = 0.1


class WeightElimination(AdaptivePenalty):
    """Constants of weight elimination, with the strength adapted to the loss.

    Passed as `penalty` to `PenalizedMLPClassifier` and `PenalizedMLPRegressor`, it adds
    ``sum (w / w0)^2 / (1 + (w / w0)^2)`` to the loss, about the number of weights larger than
    `w0`: small weights are driven to zero, large ones hardly feel it. The string
    "weight_elimination" means these defaults. It is cheap.

    Parameters
    ----------
    target_loss : float or "auto", default="auto"
        The mean training loss to be reached and not to be improved on, in the units of `loss_`.
        "auto" estimates it from a first training without the penalty: the loss on held-out
        patterns, in five-fold cross-validation with early stopping.
    w0 : float, default=1.0
        Size from which a weight counts as large.
    delta_lambda : float, default=0.02
        By how much the penalty's strength is raised or lowered after an epoch. A strength of one
        makes the penalty's gradient as long as the loss'.
    approach : float, default=0.1
        Share of `delta_lambda` by which the strength is raised while the average loss is above
        the target, so that the network learns before it is made simple. 1 is Weigend's rule as
        published.
    landing : float, default=0.2
        The last share of the epochs, in which the strength falls while the loss is above the
        target, and lost units stay lost; the steps of "lbfgs" fall to zero. If the loss is above
        the target even so, L-BFGS brings it there, without the penalty. 0, as published: nothing
        of this.
    gamma : float, default=0.85
        Weight of the past in the running average of the loss, from 0 to below 1.
    solver : {"lbfgs", "sgd"}, default="lbfgs"
        How the loss and the penalty, which are a new objective after each step, are descended.
        "lbfgs": on all patterns, with momentum and steps of a given size; L-BFGS in what comes
        before and after. "sgd": in mini-batches, as in HS97.
    batch_size : int, default=10
        Patterns in a mini-batch of "sgd".
    learning_rate : float, default=0.05
        Length of the steps of "sgd", times the gradient of the mini-batch's mean loss.
    weight_bound : float, default=30.0
        Weights are kept within plus and minus this, or within those of a network to go on from.
    revive_every : int or None, default=500_000
        Number of patterns seen after which lost units are brought back by giving their weights
        a small random size, the strength starting from zero again. None: never.
    revive_below : float, default=0.01
        Weights smaller than this are lost.
    revive_range : tuple of (float, float), default=(0.005, 0.01)
        Range of their new sizes; they keep their sign.
    prune : bool, default=False
        Whether pruned weights are set to zero at the end, for good: estimators that start from
        this network take them as gone. These are the weights below a tenth of `w0`, the smallest
        first, as many as can be deleted at a loss of at most 1.1 times `target_loss`.

    See Also
    --------
    PenalizedMLPClassifier : Takes it as `penalty`.
    FlatMinimum : Penalises the precision that weights need.

    Notes
    -----
    Time and memory of the penalty's gradient are O(n) for n weights, whatever the data.

    References
    ----------
    Weigend, Rumelhart & Huberman, "Generalization by weight-elimination with application to
    forecasting", NIPS 3, 1991; HS97 compares with it.

    Examples
    --------
    >>> from skprune import PenalizedMLPClassifier, WeightElimination
    >>> from skprune.datasets import make_noisy_classification
    >>> X, y = make_noisy_classification(random_state=0)
    >>> penalty = WeightElimination(w0=0.5, prune=True)
    >>> model = PenalizedMLPClassifier(penalty=penalty, random_state=0).fit(X, y)
    >>> model.n_weights_ < 41
    True
    """

    _parameter_constraints: dict = {
        **AdaptivePenalty._parameter_constraints,
        "w0": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        target_loss="auto",
        *,
        w0=1.0,
        delta_lambda=0.02,
        approach=0.1,
        landing=0.2,
        gamma=0.85,
        solver="lbfgs",
        batch_size=10,
        learning_rate=0.05,
        weight_bound=30.0,
        revive_every=500_000,
        revive_below=0.01,
        revive_range=(0.005, 0.01),
        prune=False,
    ):
        self.target_loss = target_loss
        self.w0 = w0
        self.delta_lambda = delta_lambda
        self.approach = approach
        self.landing = landing
        self.gamma = gamma
        self.solver = solver
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_bound = weight_bound
        self.revive_every = revive_every
        self.revive_below = revive_below
        self.revive_range = revive_range
        self.prune = prune

    def _make(self, network, kept):
        """The penalty as a function of the weights."""
        return WeightEliminationPenalty(network, kept, self.w0)

    def _find_pruned(self, objective, w, kept, log_edges, ceiling):
        """Which of the weights ``kept`` count as pruned."""
        return small_weights(objective, w, kept, size=_WEAK_WEIGHT * self.w0, ceiling=ceiling)

    def _shrink(self, objective, w, kept, ceiling, weight_bound):
        """No more deletions."""
        return w, kept
