"""Flat Minimum Search's constants."""

from numbers import Real

from sklearn.utils._param_validation import Interval, StrOptions

from ..._training.flat_minimum import FlatMinimumPenalty
from ..._training.precision_box import delete_and_train, wide_class, zeros_in_box
from .penalty import AdaptivePenalty


class FlatMinimum(AdaptivePenalty):
    """Constants of Flat Minimum Search, the penalty of HS97.

    Passed as `penalty` to `PenalizedMLPClassifier` and `PenalizedMLPRegressor`, it makes them look
    for networks whose weights need little precision: small changes of the weights leave the
    outputs as they are. Such networks have few hidden units. The string "flat_minimum" means these
    defaults. What predicts well on few and noisy patterns is the deletion at the end (`prune`),
    after plain weight decay as well, and weight decay whose strength is cross-validated is
    mostly better where the truth is not so simple: see the user guide. A gradient costs a multiple
    of plain training's, in proportion to the number of outputs.

    Parameters
    ----------
    target_loss : float or "auto", default="auto"
        The mean training loss to be reached and not to be improved on (HS97's E_tol), in the
        units of `loss_`. "auto" estimates it from a first training without the penalty: the
        loss on held-out patterns, in five-fold cross-validation with early stopping.
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
    resolution : float, default=0.1
        Derivatives and activations much smaller than this count as this: the penalty, a sum of
        logarithms, then has no poles, and weights on the way to zero leave the field to the
        others. 0 is the penalty as published.
    min_gap : float, default=10
        A weight counts as pruned when its precision box is wider by this factor than those of the
        other class (HS97 saw factors of 1e2 to 1e5; saturated units that live have wide boxes,
        too), and the class can be deleted at a loss of at most 1.1 times `target_loss`.
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
    prune : bool or "box", default="box"
        Whether pruned weights are set to zero at the end, for good: estimators that start
        from this network take them as gone. True deletes the class of weights with wide boxes.
        "box" deletes the weights whose box contains zero, the box being as large as a loss of 1.1
        times `target_loss` allows, and then, training the others, those that are not worth
        their description: half the logarithm of the number of patterns (BIC). These may be
        weights of units that stay. False, as published, only tells them (`pruned_mask_`).

    See Also
    --------
    PenalizedMLPClassifier : Takes it as `penalty`.
    WeightElimination : A cheaper penalty, adapted in the same way.

    Notes
    -----
    A gradient of the penalty costs O(P c n) operations and O(c h) numbers a pattern, for P
    patterns, c outputs, n weights and h units: no Jacobian is stored. ReLU units have no second
    derivative: for them the penalty sees the slopes only.

    HS97 as printed, but for `target_loss`, `delta_lambda` and `learning_rate`, which it gives
    for each experiment: ``FlatMinimum(target_loss, solver="sgd", batch_size=1, resolution=0,
    approach=1, landing=0, prune=False)``, in a network with ``loss="squared_error"``,
    ``direct_links=False`` and ``n_init=1``.

    References
    ----------
    HS97: eq. 5 (the box), eq. 6 (the penalty), appendix (lost units, bounds and the other
    constants); `delta_lambda`, `approach`, `landing`, `resolution`, "box" and the estimate of
    `target_loss` are skprune's.

    Examples
    --------
    >>> from skprune import FlatMinimum, PenalizedMLPClassifier
    >>> from skprune.datasets import make_noisy_classification
    >>> X, y = make_noisy_classification(random_state=0)
    >>> model = PenalizedMLPClassifier(penalty=FlatMinimum(), n_init=1, random_state=0)
    >>> model.fit(X, y).n_weights_, model.hidden_layer_sizes_
    (2, (1,))
    """

    _parameter_constraints: dict = {
        **AdaptivePenalty._parameter_constraints,
        "prune": ["boolean", StrOptions({"box"})],
        "resolution": [Interval(Real, 0, None, closed="left")],
        "min_gap": [Interval(Real, 1, None, closed="neither")],
    }

    def __init__(
        self,
        target_loss="auto",
        *,
        delta_lambda=0.02,
        approach=0.1,
        landing=0.2,
        gamma=0.85,
        resolution=0.1,
        min_gap=10.0,
        solver="lbfgs",
        batch_size=10,
        learning_rate=0.05,
        weight_bound=30.0,
        revive_every=500_000,
        revive_below=0.01,
        revive_range=(0.005, 0.01),
        prune="box",
    ):
        self.target_loss = target_loss
        self.delta_lambda = delta_lambda
        self.approach = approach
        self.landing = landing
        self.gamma = gamma
        self.resolution = resolution
        self.min_gap = min_gap
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
        return FlatMinimumPenalty(network, kept, self.resolution)

    def _find_pruned(self, objective, w, kept, log_edges, ceiling):
        """Which of the weights ``kept`` count as pruned."""
        if self.prune == "box":
            return zeros_in_box(objective, w, kept, log_edges[kept], ceiling=ceiling)
        return wide_class(
            objective, w, kept, log_edges[kept], min_gap=self.min_gap, ceiling=ceiling
        )

    def _shrink(self, objective, w, kept, ceiling, weight_bound):
        """Weights, and those that are left, after deletions with training between them."""
        if self.prune != "box":
            return w, kept
        return delete_and_train(objective, w, kept, ceiling=ceiling, weight_bound=weight_bound)
