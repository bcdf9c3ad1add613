"""Hidden Markov models with mixtures that grow."""

import numpy as np
from sklearn import get_config
from sklearn.utils import check_array, check_random_state

try:
    from hmmlearn.base import BaseHMM
except ImportError as error:
    raise ImportError(
        "skprune.hmm needs hmmlearn, whose algorithms it uses: pip install 'skprune[hmm]'."
    ) from error

from .._estimator.transaction import all_or_nothing
from .._mixture.families import FAMILIES
from .._mixture.growth import Rules
from .._mixture.posterior import posterior_chunks
from .._mixture.sample import Sample
from ._states import first_labels, first_mixtures, grown, trained

# Share of scikit-learn's working memory for features that are kept.
MEMORY_SHARE = 1 / 16

# Growth and Baum-Welch take turns at most so often; each time the states' shares are settled more.
MAX_ROUNDS = 10

# A round that gains less, in units of log-likelihood, is the last.
LEAST_GAIN = 1.0


class SplittingGMMHMM(BaseHMM):
    """Hidden Markov model whose states have Gaussian mixtures that find their sizes by splitting.

    Starts with one component a state and trains by Baum-Welch. Then each state's mixture grows by
    splitting and shrinks by merging as :class:`~skprune.SplittingGaussianMixture` does, its
    observations weighted by the state's posterior probability; Baum-Welch trains on, and so in turn
    while the criterion rises. Use it in place of a search over ``n_mix`` of
    :class:`hmmlearn.hmm.GMMHMM`: the number of components differs from state to state, and one run
    finds it. Needs the extra ``hmm``.

    Parameters
    ----------
    n_components : int, default=1
        Number of states (hmmlearn's name).
    topology : {"free", "left-to-right"}, default="free"
        Any transitions, or from a state to itself and the next one only, from the first on.
    covariance_type : {"spherical", "diag", "tied", "full"}, default="diag"
        One variance a component, one a component and feature, one matrix a state, or one matrix a
        component.
    max_mix : int, default=20
        Largest number of components of a state.
    reg_covar : float, default=1e-6
        Smallest variance in any direction, in squared units of the features.
    startprob_prior, transmat_prior : float or array-like, default=1.0
        Dirichlet priors of the first states and of transitions, as hmmlearn's.
    algorithm : {"viterbi", "map"}, default="viterbi"
        Decoder.
    random_state : int, RandomState instance or None, default=None
        Drives k-means, from which states start unless from left to right, and :meth:`sample`.
    n_iter : int, default=50
        Largest number of Baum-Welch iterations between two growths.
    tol : float, default=1e-2
        Baum-Welch ends when an iteration raises the log-likelihood by less.
    verbose : bool, default=False
        Whether Baum-Welch reports each iteration.
    params : str, default="stg"
        What is trained: first states (s), transitions (t), mixtures (g).
    init_params : str, default="stg"
        What ``fit`` initialises. Set ``startprob_`` or ``transmat_`` before, without their letters
        here, to start from them; transitions of probability zero stay so.
    implementation : {"log", "scaling"}, default="log"
        Forward-backward in logarithms, or scaled, which is faster.

    Attributes
    ----------
    n_mix_ : ndarray of shape (n_components,)
        Number of components of each state.
    weights_, means_, covars_ : list of ndarray
        Of each state: mixing proportions, centres, and covariances in the shapes of
        :class:`~skprune.SplittingGaussianMixture`.
    startprob_ : ndarray of shape (n_components,)
        Probabilities of the first state.
    transmat_ : ndarray of shape (n_components, n_components)
        Transition probabilities.
    history_ : list of dict
        One entry a round: ``n_mix`` (of each state), ``log_likelihood`` (of the sequences),
        ``objective`` (less half of log(n_samples) a parameter) and ``kept``.
    monitor_ : hmmlearn.base.ConvergenceMonitor
        Of the last Baum-Welch run.

    Raises
    ------
    ValueError
        When lengths are not positive or do not sum to the number of observations, or a parameter is
        out of range.

    See Also
    --------
    skprune.SplittingGaussianMixture : One such mixture, of observations without order.

    Notes
    -----
    Inside a state the posteriors are the sample weights of its mixture, so the E-step, scatter and
    tests of the splitting mixture serve unchanged (WJ92, conclusion). The criterion is BIC as
    hmmlearn's :meth:`bic` has it. A Baum-Welch iteration costs O(T S^2 + T K s) for T observations,
    S states, K components in all and s statistics of an observation. A state that nobody visits
    keeps its mixture and its transitions.

    References
    ----------
    WJ92: M. Wynne-Jones. Node splitting: a constructive algorithm for feed-forward neural networks.
    NIPS 4, 1992 (section 5).

    Examples
    --------
    >>> import numpy as np
    >>> from skprune.hmm import SplittingGMMHMM
    >>> rng = np.random.default_rng(1)
    >>> states = np.arange(600) // 30 % 2
    >>> centres = np.where(states, 0.0, rng.choice([-9.0, 9.0], 600))
    >>> X = (centres + rng.standard_normal(600))[:, None]
    >>> model = SplittingGMMHMM(2, topology="left-to-right").fit(X, lengths=[60] * 10)
    >>> model.n_mix_
    array([2, 1])
    """

    def __init__(
        self,
        n_components=1,
        *,
        topology="free",
        covariance_type="diag",
        max_mix=20,
        reg_covar=1e-6,
        startprob_prior=1.0,
        transmat_prior=1.0,
        algorithm="viterbi",
        random_state=None,
        n_iter=50,
        tol=1e-2,
        verbose=False,
        params="stg",
        init_params="stg",
        implementation="log",
    ):
        super().__init__(
            n_components,
            startprob_prior=startprob_prior,
            transmat_prior=transmat_prior,
            algorithm=algorithm,
            random_state=random_state,
            n_iter=n_iter,
            tol=tol,
            verbose=verbose,
            params=params,
            init_params=init_params,
            implementation=implementation,
        )
        self.topology = topology
        self.covariance_type = covariance_type
        self.max_mix = max_mix
        self.reg_covar = reg_covar

    def fit(self, X, lengths=None):
        """Train and grow.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations of all sequences, one after the other.
        lengths : array-like of int, default=None
            Length of each sequence; None for a single one.

        Returns
        -------
        self : SplittingGMMHMM
            The fitted model.
        """
        with all_or_nothing(self):
            X = check_array(X, dtype=np.float64)
            lengths = _check_lengths(lengths, len(X))
            self._check_parameters()
            self._start(X, lengths)
            self._train_and_grow(X, lengths)
            del self._sample
        return self

    def _check_parameters(self):
        if self.topology not in ("free", "left-to-right"):
            raise ValueError(
                f"topology={self.topology!r} is not valid: 'free' or 'left-to-right'. For other "
                "transitions set transmat_ before, with zeros, and init_params without 't'."
            )
        if self.covariance_type not in FAMILIES:
            raise ValueError(
                f"covariance_type={self.covariance_type!r} is not valid: one of {list(FAMILIES)}."
            )
        for name in ("n_components", "max_mix"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} is not valid: 1 or more.")

    def _start(self, X, lengths):
        """First states and transitions, and one component a state."""
        self.n_features = X.shape[1]
        self._family = FAMILIES[self.covariance_type](self.n_features)
        memory = int(get_config()["working_memory"] * MEMORY_SHARE * 2**20)
        self._origin = X.mean(axis=0)
        self._sample = Sample(X, np.ones(len(X)), self._family, self._origin, memory)
        self._floor = self._sample.variance_floor(self.reg_covar)
        left_to_right, n_states = self.topology == "left-to-right", self.n_components
        if "s" in self.init_params or not hasattr(self, "startprob_"):
            first = np.eye(n_states)[0] if left_to_right else np.full(n_states, 1 / n_states)
            self.startprob_ = first
        if "t" in self.init_params or not hasattr(self, "transmat_"):
            self.transmat_ = _first_transitions(n_states, left_to_right)
        if "g" in self.init_params or not hasattr(self, "_mixtures"):
            rng = check_random_state(self.random_state)
            labels = first_labels(X, lengths, n_states, left_to_right, rng)
            self._mixtures = first_mixtures(self._sample, labels, n_states, self._floor)

    def _train_and_grow(self, X, lengths):
        """Baum-Welch and growth in turn, while the criterion rises."""
        self.history_ = []
        super().fit(X, lengths)
        best = self._record(X, lengths)
        for _ in range(MAX_ROUNDS if "g" in self.params else 0):
            present = self.startprob_, self.transmat_, self._mixtures, self.monitor_.history
            self._grow(X, lengths)
            super().fit(X, lengths)
            objective = self._record(X, lengths)
            if objective <= best + self.tol:
                self.startprob_, self.transmat_, self._mixtures, self.monitor_.history = present
                self.history_[-1]["kept"] = False
            if objective <= best + LEAST_GAIN:
                break
            best = objective

    def _record(self, X, lengths):
        """Enter a round into the history and return its objective."""
        log_likelihood = self.score(X, lengths)
        n_parameters = sum(self._get_n_fit_scalars_per_param().values())
        objective = log_likelihood - 0.5 * np.log(len(X)) * n_parameters
        self.history_.append(
            {
                "n_mix": self.n_mix_.tolist(),
                "log_likelihood": float(log_likelihood),
                "objective": float(objective),
                "kept": True,
            }
        )
        return objective

    def _grow(self, X, lengths):
        """Split and merge components of each state, weighted by its posterior."""
        posteriors, rules = self.predict_proba(X, lengths), self._rules()
        self._mixtures = [
            grown(self._sample, mixture, posterior, rules)
            for mixture, posterior in zip(self._mixtures, posteriors.T)
        ]

    def _rules(self):
        return Rules(
            max_components=self.max_mix,
            criterion="variance_ratio",
            threshold=0.0,
            n_directions=1,
            until_settled=False,
            prune=True,
            floor=self._floor,
            tol=1e-4,
            max_iter=100,
        )

    @property
    def n_mix_(self):
        """Number of components of each state."""
        return np.array([len(mixture) for mixture in self._mixtures])

    @property
    def weights_(self):
        """Mixing proportions of each state."""
        return [mixture.weights for mixture in self._mixtures]

    @property
    def means_(self):
        """Centres of each state's components."""
        return [mixture.means + self._origin for mixture in self._mixtures]

    @property
    def covars_(self):
        """Covariances of each state's components."""
        return [mixture.covariances for mixture in self._mixtures]

    # --- what hmmlearn asks of a model of emissions

    def decode(self, X, lengths=None, algorithm=None):
        """Find the most likely states.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The sequences, one after another.
        lengths : array-like of int, default=None
            Length of each sequence; None for one.
        algorithm : {"viterbi", "map"}, default=None
            "viterbi" finds the most likely sequence, "map" the most likely state of each
            observation; None takes the parameter of the same name.

        Returns
        -------
        log_prob : float
            Log probability of the states found.
        states : ndarray of int of shape (n_samples,)
            The states.
        """
        return super().decode(X, lengths, algorithm)

    def _init(self, X, lengths=None):
        """Nothing is left to initialise: :meth:`fit` has."""

    def _get_n_fit_scalars_per_param(self):
        n = self.n_components
        transitions = {"free": (n - 1, n * (n - 1)), "left-to-right": (0, n - 1)}[self.topology]
        emissions = sum(self._family.n_parameters(len(mixture)) for mixture in self._mixtures)
        return {"s": transitions[0], "t": transitions[1], "g": emissions}

    def _compute_log_likelihood(self, X):
        return np.column_stack(
            [
                np.concatenate(
                    [
                        log_density
                        for _, log_density in posterior_chunks(
                            X, mixture, self._family, self._origin
                        )
                    ]
                )
                for mixture in self._mixtures
            ]
        )

    def _initialize_sufficient_statistics(self):
        return super()._initialize_sufficient_statistics() | {"posteriors": []}

    def _accumulate_sufficient_statistics(
        self, stats, X, lattice, posteriors, fwdlattice, bwdlattice
    ):
        super()._accumulate_sufficient_statistics(
            stats, X, lattice, posteriors, fwdlattice, bwdlattice
        )
        stats["posteriors"].append(posteriors)

    def _do_mstep(self, stats):
        before = self.transmat_
        super()._do_mstep(stats)
        left = self.transmat_.sum(axis=1, keepdims=True) > 0
        self.transmat_ = np.where(left, self.transmat_, before)
        if "g" in self.params:
            posteriors = np.concatenate(stats["posteriors"])
            self._mixtures = [
                trained(self._sample, mixture, posterior, self._floor)
                for mixture, posterior in zip(self._mixtures, posteriors.T)
            ]

    def _generate_sample_from_state(self, state, random_state):
        mixture = self._mixtures[state]
        k = random_state.choice(len(mixture), p=mixture.weights / mixture.weights.sum())
        mean = mixture.means[k] + self._origin
        tied = self.covariance_type == "tied"
        covariance = mixture.covariances if tied else mixture.covariances[k]
        if self.covariance_type in ("tied", "full"):
            return random_state.multivariate_normal(mean, covariance)
        return mean + np.sqrt(covariance) * random_state.standard_normal(self.n_features)


def _check_lengths(lengths, n_samples):
    lengths = np.array([n_samples] if lengths is None else lengths)
    valid = lengths.ndim == 1 and np.issubdtype(lengths.dtype, np.integer) and np.all(lengths > 0)
    if not valid or lengths.sum() != n_samples:
        raise ValueError(
            f"lengths must be positive whole numbers that sum to the number of observations, "
            f"{n_samples}; got {len(lengths)} of sum {lengths.sum()}."
        )
    return lengths


def _first_transitions(n_states, left_to_right):
    """Equal chances; from left to right, to stay or to go on."""
    if not left_to_right:
        return np.full((n_states, n_states), 1 / n_states)
    transitions = 0.5 * (np.eye(n_states) + np.eye(n_states, k=1))
    transitions[-1, -1] = 1.0
    return transitions
