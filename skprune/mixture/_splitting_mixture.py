"""Gaussian mixtures that find their number of components by splitting."""

from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted, validate_data

from .._estimator.compat import CallbackSupportMixin, check_sample_weight, with_callbacks
from .._estimator.hold_out import split_rows
from .._estimator.ranges import check_size
from .._estimator.transaction import all_or_nothing
from .._estimator.version import VersionMixin
from .._estimator.warnings import warn_user
from .._mixture.components import TINY, Components, Statistics, inverse_cholesky
from .._mixture.em import single_component
from .._mixture.families import FAMILIES
from .._mixture.growth import Growth, Rules, grow_in_turn
from .._mixture.objective import LaplaceEvidence, Objective, PricedParameters
from .._mixture.posterior import posterior_chunks
from .._mixture.sample import Sample, feature_deviations
from .._mixture.stream import update
from .._numerics.threads import one_blas_thread

# Weights that are no whole numbers, and sum to so many times more or less than rows, are relative.
FAR_FROM_ROWS = 10.0
# Share of scikit-learn's working memory for features, and for responsibilities, that are kept.
MEMORY_SHARE = 1 / 16
# From so many observations on, growth starts on some of them and goes on with all.
LARGE_SAMPLE = 30_000
SCOUT_SIZE = 10_000


class SplittingGaussianMixture(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    DensityMixin,
    VersionMixin,
    BaseEstimator,
):
    """Gaussian mixture that grows by splitting components, and so finds their number.

    Starts from one component; each stage splits components along the direction in which their
    observations scatter most, and trains on. Once the stopping rule is no longer served, the
    components that earn least are merged again, and the best mixture met on the way is kept. Use it
    in place of a search over ``n_components`` of :class:`sklearn.mixture.GaussianMixture`: one
    deterministic run, with sample weights and streams, and without collapsed components.

    Parameters
    ----------
    max_components : int, default=100
        Largest number of components, also in between.
    covariance_type : {"spherical", "diag", "tied", "full"}, default="spherical"
        One variance a component, one a component and feature, one matrix for all, or one matrix a
        component.
    criterion : {"variance_ratio", "log_likelihood"}, default="variance_ratio"
        Which components are split first: those whose scatter has the largest share of its variance
        in one direction (WJ92), or those whose children raise the log-likelihood most.
    threshold : float in [0, 1] or "auto", default="auto"
        Least variance ratio lambda_1 / trace of a component that may be split. "auto" is, with
        ``stopping="variance_ratio"``, the ratio that noise gives a component of its size, and 0
        with the other rules, which judge the mixture as a whole.
    stopping : {"bic", "aic", "evidence", "variance_ratio", "validation"}, default="bic"
        What decides on the number of components: an information criterion, that no component passes
        the threshold any more (WJ92), or the log-likelihood of held-out observations. "evidence"
        is what BIC approximates, with fewer terms left out (see Notes). It keeps more components
        than BIC and fewer than AIC, for better densities where each has many observations for its
        parameters; where it has few, BIC is the safer. "validation" is for densities, not for
        counting: of the mixtures within one standard error of what held-out observations like
        most, it takes that of the largest evidence.
    prune : bool, default=True
        Whether components are merged after growth.
    n_directions : int, default=1
        Most dominant directions that one split uses, with two children a direction. Splits along
        several are tried where no split along one direction pays.
    validation_fraction : float in (0, 1), default=0.2
        Share of the observations held out with ``stopping="validation"``. The final mixture is
        trained on all of them.
    tol : float, default=1e-4
        EM stops when an iteration raises the mean log-likelihood by less.
    reg_covar : float, default=1e-6
        Smallest variance in any direction, in squared units of the features. Unlike in
        scikit-learn, where it is added to the variances, it binds only where it is needed, so that
        EM never lowers the log-likelihood. Features whose values are rounded have a larger floor
        of their own (``variance_floor_``, see Notes).
    max_iter : int, default=200
        Largest number of EM iterations after the last change.
    random_state : int, RandomState instance or None, default=None
        Chooses the held-out observations and drives :meth:`sample`. Growth itself is deterministic.
    verbose : int, default=0
        Whether to print a line a stage.

    Attributes
    ----------
    n_components_ : int
        Number of components found.
    weights_ : ndarray of shape (`n_components_`,)
        Mixing proportions.
    means_ : ndarray of shape (`n_components_`, n_features)
        Centres.
    covariances_ : ndarray
        Shape (`n_components_`,) if spherical, (`n_components_`, n_features) if diag,
        (n_features, n_features) if tied, (`n_components_`, n_features, n_features) if full.
    precisions_ : ndarray
        Inverses of the covariances, same shape.
    precisions_cholesky_ : ndarray
        Their Cholesky factors U, with precision U U', same shape.
    variance_floor_ : ndarray of shape (n_features,), or float if spherical
        Smallest variances: ``reg_covar``, or h^2 / 2 pi of values that are rounded to a step h, or
        1e-13 of the feature's variance, what rounding of double precision leaves; of a sphere, the
        geometric mean. By the first batch of a stream.
    history_ : list of dict
        One entry a stage: ``action`` ("start", "split", "merge",
        "exchange", "final", or "update" by a later batch), ``components`` (the
        groups of components that were replaced), ``gains`` (what each replacement gains in
        log-likelihood, a lower bound, by partial EM), ``variance_ratios`` (of split components),
        ``n_samples`` (weight of the observations that the stage was trained on), ``n_components``,
        ``log_likelihood``, ``objective`` (what ``stopping`` maximises, in units of log-likelihood),
        and the ``weights``, ``means`` and ``covariances`` reached. Of later batches only the
        latest has its entry.
    converged_ : bool
        Whether the final EM met ``tol``.
    n_iter_ : int
        Number of EM iterations, all stages together.
    lower_bound_ : float
        Mean log-likelihood of the training observations.
    lower_bounds_ : list of float
        The same after each iteration of the final EM, and after the latest later batch.
    n_samples_seen_ : float
        Total weight of the observations that the mixture has seen.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, when all are strings.

    Raises
    ------
    ValueError
        For negative weights, or weights that are all zero; for variances beyond the range of double
        precision, or covariances that are singular in it because ``reg_covar`` is too small.

    Warns
    -----
    ConvergenceWarning
        When the final EM stops at ``max_iter``.
    UserWarning
        When weights are no whole numbers and sum to more than ten times the number of rows, or less
        than a tenth of it. When variances had to be raised to the floor: where observations repeat,
        or features are constant or repeat each other.

    See Also
    --------
    SplittingGaussianMixtureClassifier : One such mixture a class.

    Notes
    -----
    Sample weights count observations: a weight of 2 is a repetition, which also the information
    criteria see. Relative weights (probabilities, exposures, precisions) say nothing of a number:
    scale them to sum to the number of observations that they stand for.

    An EM iteration is two matrix products, O(P K s) for P observations, K components and s
    statistics (d + 2 spherical, 2 d + 1 diag, d + 1 tied, 1 + d + d (d + 1) / 2 full), in chunks;
    beside X it needs O(K s) memory, and keeps features and responsibilities between
    iterations where each takes less than a sixteenth of scikit-learn's ``working_memory``. A stage
    costs some 10 + 60 / K iterations; splits about double K in a stage, up to some twice the final
    number, and merges take K down again, first many and in the end one a stage.

    Observations that repeat, in one feature or in all (zeros, caps, "nothing measured"), become
    components of their own, whose variance is the floor. At least four times the mass is asked of
    such a component that others need (2.5 observations; d + 1.5 if full, 1.5 if tied), so that it
    does not stand on a coincidence. What the log-likelihood makes of them depends on the floor.
    Values rounded to a step h have no density above 1 / h, and with a floor of h^2 / 2 pi no
    component has: one that stands on a single rounded value then earns nothing by being narrow. The
    step is the distance that all but a hundredth of the neighbouring values keep.

    With 30,000 observations or more, a first mixture is grown on 10,000 of them: one row of each
    of as many equal stretches, at a random place that is the same in every fit (so weights and
    repeated rows are not quite the same there). It is only where growth on all of them starts: what
    the 10,000 do not show, clusters of less than about a thousandth of the observations, is left to
    splits of components that are larger then.

    A split at +-eps v changes the log-likelihood by ``eps^2 / 2 (N / sigma^4) (v'Sv - sigma^2)``, S
    being the component's scatter: the leading eigenvector is the best direction, and to second
    order a split pays when lambda_1 / trace exceeds what the covariance itself accounts for, 1/d
    for a sphere. A "full" covariance, and any on a single feature, accounts for all of it; with
    these ``stopping="variance_ratio"`` keeps one component.

    "evidence" maximises Laplace's approximation of the log-evidence, N observations of which
    ``N_k = N pi_k`` are component k's: the log-likelihood, less ``log(N) / 2`` a weight and a
    parameter that components share, less ``log(N_k) / 2`` a parameter of a component's covariance,
    less ``log(|N_k Sigma_k^-1 / 2 pi|) / 2 - log N(mu_k; m, S)`` a mean, m and S being those of the
    data, plus ``log K!`` for the equal maxima. BIC takes all of N for each parameter.

    References
    ----------
    WJ92: M. Wynne-Jones. Node splitting: a constructive algorithm for feed-forward neural networks.
    NIPS 4, 1992 (section 3, Gaussian mixtures).

    S. J. Roberts, D. Husmeier, I. Rezek, W. Penny. Bayesian approaches to Gaussian mixture
    modeling. IEEE Transactions on Pattern Analysis and Machine Intelligence 20(11), 1998
    (Laplace's approximation of the evidence).

    N. Ueda, R. Nakano, Z. Ghahramani, G. E. Hinton. SMEM algorithm for mixture models. Neural
    Computation 12(9), 2000 (partial EM).

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import SplittingGaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> centres = np.array([[0, 0], [8, 0], [0, 8]])
    >>> X = centres[rng.integers(3, size=300)] + rng.standard_normal((300, 2))
    >>> mixture = SplittingGaussianMixture().fit(X)
    >>> mixture.n_components_
    3
    >>> mixture.predict_proba([[8.0, 0.0]]).max().round(3)
    np.float64(1.0)
    """

    _parameter_constraints: dict = {
        "max_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(FAMILIES))],
        "criterion": [StrOptions({"variance_ratio", "log_likelihood"})],
        "threshold": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "stopping": [StrOptions({"bic", "aic", "evidence", "variance_ratio", "validation"})],
        "prune": ["boolean"],
        "n_directions": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "reg_covar": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        max_components=100,
        covariance_type="spherical",
        criterion="variance_ratio",
        threshold="auto",
        stopping="bic",
        prune=True,
        n_directions=1,
        validation_fraction=0.2,
        tol=1e-4,
        reg_covar=1e-6,
        max_iter=200,
        random_state=None,
        verbose=0,
    ):
        self.max_components = max_components
        self.covariance_type = covariance_type
        self.criterion = criterion
        self.threshold = threshold
        self.stopping = stopping
        self.prune = prune
        self.n_directions = n_directions
        self.validation_fraction = validation_fraction
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Grow the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : Ignored
            Not used, present for API consistency by convention.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each observation counts; those of weight zero are ignored.

        Returns
        -------
        self : SplittingGaussianMixture
            The fitted mixture.
        """
        with all_or_nothing(self), one_blas_thread(), self._singular_covariances_named():
            X, weight = self._validate_sample(X, sample_weight, reset=True)
            callback_ctx = self._init_callback_context(max_subtasks=None)
            callback_ctx.call_on_fit_task_begin(
                estimator=self, X=X, metadata={"sample_weight": sample_weight}
            )
            origin = weight @ X.astype(np.float64, copy=False) / weight.sum()
            sample = self._sample(X, weight, origin)
            fitted = self._grow(sample, callback_ctx)
            callback_ctx.call_on_fit_task_end(
                estimator=self,
                X=X,
                metadata={"sample_weight": sample_weight},
                reconstruction_attributes=lambda: fitted,
            )
            self._warn(sample.family, fitted)
            vars(self).update(fitted)
        return self

    def fit_predict(self, X, y=None, sample_weight=None):
        """Grow the mixture and tell the component of each observation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : Ignored
            Not used, present for API consistency by convention.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each observation counts.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            The most probable component.
        """
        return self.fit(X, sample_weight=sample_weight).predict(X)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Take in a further batch of a stream.

        The first batch is fitted. Each later one adds its statistics, under the present mixture, to
        those of all batches before; the mixture is re-estimated from the sums, and components are
        split where this batch alone pays for it. When a batch is far less likely than the earlier
        ones, what is new in it gets a component of its own before, if that pays. Clouds that
        overlap are told apart only by a batch that shows them all: mix the observations.

        The mixture stays as large however long the stream is: ``history_`` and ``lower_bounds_``
        hold the growth on the first batch and, last, the latest one. To follow a stream, read
        ``history_[-1]`` after each batch.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : Ignored
            Not used, present for API consistency by convention.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each observation counts.

        Returns
        -------
        self : SplittingGaussianMixture
            The updated mixture.
        """
        if not self.__sklearn_is_fitted__():
            return self.fit(X, sample_weight=sample_weight)
        X, weight = self._validate_sample(X, sample_weight, reset=False)
        sample = self._sample(X, weight, self._origin)
        past = Statistics(self._sums, self._scatter, self.lower_bound_ * self.n_samples_seen_)
        total = self.n_samples_seen_ + sample.total
        objective = self._objective(sample, total, self.variance_floor_)
        growth = Growth(sample, objective, self._rules(self.variance_floor_))
        with all_or_nothing(self), one_blas_thread(), self._singular_covariances_named():
            stage = update(growth, (self._mixture(), past))
            history = [*self._growth_of(self.history_), self._entry(stage, self._origin)]
            fitted = self._fitted_attributes(
                stage, total, self._origin, self.variance_floor_, history
            )
        fitted["n_iter_"] = self.n_iter_ + 1
        fitted["lower_bounds_"] = self._growth_of(self.lower_bounds_) + stage.bounds
        self._warn_of_floor(sample.family, fitted)
        vars(self).update(fitted)
        return self

    def _growth_of(self, records):
        """Records of the first batch's growth, without the last one if it is a later batch's."""
        return records[:-1] if self.history_[-1]["action"] == "update" else records

    def __sklearn_is_fitted__(self):
        # An interrupted fit has validated its input, and so knows the number of features.
        return hasattr(self, "weights_")

    @contextmanager
    def _singular_covariances_named(self):
        """Say what to do about a covariance that cannot be inverted."""
        try:
            yield
        except np.linalg.LinAlgError as error:
            raise ValueError(
                f"reg_covar={self.reg_covar:g} is too small: a covariance matrix is singular in "
                "double precision. Raise reg_covar (any number from 0 on, in squared units of the "
                "features) to a variance that you expect, or remove features that repeat each "
                "other."
            ) from error

    def _validate_sample(self, X, sample_weight, reset):
        X = validate_data(self, X, dtype=[np.float64, np.float32], order="C", reset=reset)
        check_size(X)
        weight = check_sample_weight(sample_weight, X)
        _warn_of_scale(weight)
        counts = weight > 0
        return (X, weight) if counts.all() else (X[counts], weight[counts])

    def _sample(self, X, weight, origin):
        memory = int(get_config()["working_memory"] * MEMORY_SHARE * 2**20)
        return Sample(X, weight, self._family(), origin, memory)

    def _grow(self, sample, callback_ctx):
        """Fitted attributes after growth."""
        train, held_out = sample, None
        if self.stopping == "validation":
            train, held_out = self._hold_out(sample)
        floor = self._variance_floor(sample)
        samples = [train]
        if len(train) >= LARGE_SAMPLE:
            samples.insert(0, train.stratified(SCOUT_SIZE))
        growths = [
            Growth(part, self._objective(part, part.total, floor, held_out), self._rules(floor))
            for part in samples
        ]
        history, n_iter, stages = [], 0, grow_in_turn(growths)
        while True:
            task = callback_ctx.subcontext(task_name="stage")
            task.call_on_fit_task_begin(estimator=self)
            stage, best = next(stages, (None, None))
            if stage is not None:
                history.append(self._entry(stage, sample.origin))
                n_iter += len(stage.bounds)
                mixture = best.mixture
            stop = task.call_on_fit_task_end(
                estimator=self,
                reconstruction_attributes=lambda stage=stage: (
                    stage
                    and self._fitted_attributes(stage, stage.total, sample.origin, floor, history)
                ),
            )
            if stage is None or stop:
                break
        growth = growths[-1]
        if held_out is not None:
            growth = Growth(sample, growth.objective, growth.rules)
        final = growth.finish(mixture)
        history.append(self._entry(final, sample.origin))
        fitted = self._fitted_attributes(final, sample.total, sample.origin, floor, history)
        return fitted | {
            "n_iter_": n_iter + len(final.bounds),
            "lower_bounds_": final.bounds,
            "converged_": final.converged,
        }

    def _hold_out(self, sample):
        parts = split_rows(
            len(sample),
            self.validation_fraction,
            self.random_state,
            cure="Give more observations, or use stopping='bic'.",
        )
        return [sample.subset(rows) for rows in parts]

    def _variance_floor(self, sample):
        variances = feature_deviations(sample) ** 2
        if np.isfinite(variances).all():
            floor = sample.variance_floor(self.reg_covar)
            if np.min(floor) >= TINY:
                return floor
        raise ValueError(
            f"The variances of X, from {np.min(variances):.3g} to {np.max(variances):.3g}, are "
            "beyond the range of double precision; scale the data (StandardScaler)."
        )

    def _objective(self, sample, total, floor, held_out=None):
        family = self._family()
        if self.stopping == "evidence" or held_out is not None:
            penalty = LaplaceEvidence(family, total, single_component(sample, floor))
        else:
            penalty = PricedParameters(
                family, 1.0 if self.stopping == "aic" else 0.5 * np.log(total)
            )
        return Objective(penalty, held_out)

    def _rules(self, floor):
        until_settled = self.stopping == "variance_ratio"
        threshold = self.threshold
        if threshold == "auto":
            threshold = None if until_settled else 0.0
        return Rules(
            max_components=self.max_components,
            criterion=self.criterion,
            threshold=threshold,
            n_directions=min(self.n_directions, self.n_features_in_),
            until_settled=until_settled,
            prune=self.prune,
            floor=floor,
            tol=self.tol,
            max_iter=self.max_iter,
        )

    def _entry(self, stage, origin):
        """What history_ says of a stage."""
        entry = {
            "action": stage.action,
            "components": [group for c in stage.changes for group in c.groups.tolist()],
            "gains": [gain for c in stage.changes for gain in c.gains.tolist()],
            "variance_ratios": [ratio for c in stage.changes for ratio in c.ratios.tolist()],
            "n_samples": stage.total,
            "n_components": len(stage.mixture),
            "log_likelihood": stage.statistics.log_likelihood,
            "objective": float(stage.objective),
            "weights": stage.mixture.weights,
            "means": stage.mixture.means + origin,
            "covariances": stage.mixture.covariances,
        }
        if self.verbose:
            print(
                f"[SplittingGaussianMixture] {stage.action}: {len(stage.mixture)} components, "
                f"objective {stage.objective:.6g}"
            )
        return entry

    def _fitted_attributes(self, stage, total, origin, floor, history):
        mixture = stage.mixture
        if self.covariance_type in ("tied", "full"):
            roots = inverse_cholesky(mixture.covariances)
            precisions = roots @ np.swapaxes(roots, -1, -2)
        else:
            roots, precisions = mixture.covariances**-0.5, 1.0 / mixture.covariances
        return {
            "n_components_": len(mixture),
            "weights_": mixture.weights,
            "means_": mixture.means + origin,
            "covariances_": mixture.covariances,
            "precisions_": precisions,
            "precisions_cholesky_": roots,
            "lower_bound_": stage.statistics.log_likelihood / total,
            "n_samples_seen_": total,
            "history_": list(history),
            "_n_features_out": len(mixture),
            "_origin": origin,
            "variance_floor_": floor,
            "_sums": stage.statistics.sums,
            "_scatter": stage.statistics.scatter,
        }

    def _warn(self, family, fitted):
        if not fitted["converged_"]:
            warn_user(
                f"EM has not converged in max_iter={self.max_iter} iterations; raise max_iter or "
                f"tol={self.tol}.",
                ConvergenceWarning,
            )
        self._warn_of_floor(family, fitted)

    def _warn_of_floor(self, family, fitted):
        """Say which components stand on observations that repeat, or have no width otherwise."""
        floor, covariances = fitted["variance_floor_"], fitted["covariances_"]
        floored = np.broadcast_to(family.n_floored(covariances, floor) > 0, fitted["n_components_"])
        if not floored.any():
            return
        features = family.floored_features(covariances, floor)
        least = np.unique(np.broadcast_to(floor, len(features))[features])
        names = getattr(self, "feature_names_in_", np.arange(len(features)))[features].tolist()
        shown = ", ".join(map(str, names[:8])) + (", ..." if len(names) > 8 else "")
        floors = " to ".join(f"{value:.3g}" for value in np.unique(least[[0, -1]]))
        warn_user(
            f"{np.count_nonzero(floored)} of {len(floored)} covariance(s), of components with "
            f"{fitted['weights_'][floored].sum():.0%} of the observations, were raised to the "
            f"floor {floors} in some direction of the features {shown} (reg_covar="
            f"{self.reg_covar:g}, or more where values are rounded): observations repeat there "
            "(zeros, caps, rounded values), features are constant or repeat each other, or their "
            "scale is small. Densities and information criteria depend on the floor there. Where "
            "repeated values are meant, that is all; otherwise remove such features, scale the "
            "data, or set reg_covar to a variance that you expect.",
            UserWarning,
        )

    def _family(self):
        return FAMILIES[self.covariance_type](self.n_features_in_)

    def _mixture(self):
        return Components(self.weights_, self.means_ - self._origin, self.covariances_)

    def _by_chunks(self, X, result):
        """Join ``result(responsibilities, log_density)`` of each chunk of X."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        chunks = posterior_chunks(X, self._mixture(), self._family(), self._origin)
        try:
            return np.concatenate([result(*chunk) for chunk in chunks])
        except FloatingPointError as error:
            row, j = np.unravel_index(np.argmax(np.abs(X)), X.shape)
            raise ValueError(
                f"X has the value {X[row, j]:.3g} in row {row}, column {j}: squared, and in units "
                "of the components' variances, values must stay within the range of double "
                "precision, so below about 1e150 deviations. Clip or scale the data."
            ) from error

    def predict(self, X):
        """Most probable component of each observation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Indices of components.
        """
        return self._by_chunks(X, lambda responsibilities, _: responsibilities.argmax(axis=0))

    def predict_proba(self, X):
        """Responsibility of each component for each observation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.

        Returns
        -------
        responsibilities : ndarray of shape (n_samples, `n_components_`)
            Posterior probabilities; rows sum to one.
        """
        return self._by_chunks(X, lambda responsibilities, _: responsibilities.T)

    def transform(self, X):
        """Return the responsibilities as features, normalised radial basis functions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.

        Returns
        -------
        responsibilities : ndarray of shape (n_samples, `n_components_`)
            As by :meth:`predict_proba`.
        """
        return self.predict_proba(X)

    def score_samples(self, X):
        """Log-density of each observation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            Natural logarithms.
        """
        return self._by_chunks(X, lambda _, log_density: log_density)

    def score(self, X, y=None, sample_weight=None):
        """Mean log-density.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : Ignored
            Not used, present for API consistency by convention.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each observation counts.

        Returns
        -------
        score : float
            Weighted mean of :meth:`score_samples`.
        """
        log_likelihood, total = self._log_likelihood(X, sample_weight)
        return log_likelihood / total

    def bic(self, X, sample_weight=None):
        """Bayesian information criterion; the lower the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each observation counts.

        Returns
        -------
        bic : float
            ``log(n) * n_parameters - 2 * log_likelihood``.
        """
        log_likelihood, total = self._log_likelihood(X, sample_weight)
        return np.log(total) * self._n_parameters() - 2.0 * log_likelihood

    def aic(self, X, sample_weight=None):
        """Akaike information criterion; the lower the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each observation counts.

        Returns
        -------
        aic : float
            ``2 * n_parameters - 2 * log_likelihood``.
        """
        return 2.0 * self._n_parameters() - 2.0 * self._log_likelihood(X, sample_weight)[0]

    def _log_likelihood(self, X, sample_weight):
        log_density = self.score_samples(X)
        weight = check_sample_weight(sample_weight, log_density)
        return float(weight @ log_density), float(weight.sum())

    def _n_parameters(self):
        return self._family().n_parameters(self.n_components_)

    @validate_params(
        {"n_samples": [Interval(Integral, 1, None, closed="left")]},
        prefer_skip_nested_validation=True,
    )
    def sample(self, n_samples=1):
        """Draw observations from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
            How many, at least 1.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Observations, ordered by component.
        y : ndarray of shape (n_samples,)
            Component of each.
        """
        check_is_fitted(self)
        rng = check_random_state(self.random_state)
        counts = rng.multinomial(n_samples, self.weights_ / self.weights_.sum())
        draws = []
        for k, count in enumerate(counts):
            if self.covariance_type in ("tied", "full"):
                tied = self.covariance_type == "tied"
                covariance = self.covariances_ if tied else self.covariances_[k]
                draws.append(rng.multivariate_normal(self.means_[k], covariance, int(count)))
            else:
                noise = rng.standard_normal((count, self.n_features_in_))
                draws.append(self.means_[k] + noise * np.sqrt(self.covariances_[k]))
        return np.vstack(draws), np.repeat(np.arange(self.n_components_), counts)


def _warn_of_scale(weight):
    """Say what weights mean where they can hardly be numbers of observations."""
    total, n_rows = weight.sum(), len(weight)
    far = not n_rows / FAR_FROM_ROWS <= total <= n_rows * FAR_FROM_ROWS
    if far and not np.all(weight == np.floor(weight)):
        warn_user(
            f"sample_weight sums to {total:.3g} over {n_rows} rows. Weights count observations: "
            "the number of components, the information criteria and the least mass of a component "
            f"go by a sample of {total:.3g}. For weights that are relative (probabilities, "
            "exposures, precisions) give sample_weight * len(X) / sample_weight.sum().",
            UserWarning,
        )
