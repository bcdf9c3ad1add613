"""Exchange of kept for deleted weights, at a fixed size, where the model and then the loss say so.

Around survivors K and candidates C, deleted weights at zero, the loss has a quadratic model with
gradient g and curvature H. With ``V = H_KK^-1``, ``U = V H_KC``, the Schur complements
``S_c = H_cc - H_cK U_c``, the Newton point ``v = w_K - V g_K`` and the gradients that are left
there, ``r = g_C - U' g_K``:

* insertion of c lowers the model by ``r_c^2 / (2 S_c)``; c becomes ``x_c = -r_c / S_c`` and the
  survivors ``v - U_c x_c``, and their inverse ``V + U_c U_c' / S_c``;
* deletion of q from there (HS93 eq. 5) costs ``(v_q - U_qc x_c)^2 / 2 (V_qq + U_qc^2 / S_c)``.

So all pairs are priced at O(1) each.
"""

import numpy as np

from .._curvature.exact import InPlaceCholesky
from .._gauss_newton.diagonal import gauss_newton_diagonal
from .._gauss_newton.matrix import gauss_newton
from .._network import Connectivity
from .._numerics.threads import blas_threads
from .._training.lbfgs import train_lbfgs

# Deleted weights that a model has at most, those with the largest g^2 / H first.
_CANDIDATES = 512

# Dampings tried with each model, relative to the mean curvature.
_DAMPINGS = (1e-6, 1e-4, 1e-2, 1.0)

# Exchanges whose loss is evaluated, for each damping; and how many of all these are trained.
_TRIALS, _TRAINED = 16, 12

# Iterations of the training after an exchange.
_ITERATIONS = 50


class ExchangeModel:
    """Prices of all exchanges in a quadratic model, and the network after each.

    O(n^3 + m n^2) operations for n survivors and m candidates, ``8 (2 n^2 + 3 m n)`` bytes.

    Parameters
    ----------
    hessian : ndarray of shape (n + m, n + m)
        Of the survivors, then the candidates.
    gradient : ndarray of shape (n + m,)
    values : ndarray of shape (n,)
        The survivors' weights.
    damping : float
        Added to the diagonal of the Hessian, at least.
    """

    def __init__(self, hessian, gradient, values, damping):
        n = len(values)
        inverse, damping = InPlaceCholesky(np.array(hessian[:n, :n], order="F")).invert(damping)
        lower = np.tril(inverse)
        self._inverse = lower + np.tril(lower, -1).T
        cross = hessian[:n, n:]
        self._moves = self._inverse @ cross
        own = np.diag(hessian)[n:] + damping
        # Rounding leaves nothing of a curvature that the survivors explain almost wholly.
        self._schur = np.maximum(
            own - np.einsum("qc,qc->c", cross, self._moves), np.finfo(float).eps * own
        )
        rest = gradient[n:] - self._moves.T @ gradient[:n]
        self._minimum = values - self._inverse @ gradient[:n]
        self.inserted = -rest / self._schur
        self.gains = 0.5 * np.square(rest) / self._schur

    def changes(self):
        """Change of the model by each exchange, relative to its minimum over the survivors.

        Returns
        -------
        changes : ndarray of shape (n, m)
            By the survivor that goes and the candidate that comes.
        """
        variances = np.diag(self._inverse)[:, None] + np.square(self._moves) / self._schur
        left = self._minimum[:, None] - self._moves * self.inserted
        return 0.5 * np.square(left) / variances - self.gains

    def exchanged(self, q, c):
        """The minimum of the model without survivor q and with candidate c.

        Returns
        -------
        values : ndarray of shape (n,)
            The survivors' weights, zero at q.
        value : float
            The candidate's.
        """
        move, schur = self._moves[:, c], self._schur[c]
        values = self._minimum - move * self.inserted[c]
        column = self._inverse[:, q] + move * (move[q] / schur)
        factor = values[q] / column[q]
        values -= factor * column
        values[q] = 0.0
        return values, float(self.inserted[c] + factor * move[q] / schur)


class Swapper:
    """Swaps weights of one network; afterwards ``w``, ``kept`` and ``n_swaps`` hold the result.

    Memory is that of a matrix over the n survivors and at most 512 candidates and its assembly;
    time for a swap that of this curvature, four inversions and at most twelve short trainings.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
        The network before; not modified.
    kept : ndarray of int
        Flat indices of the weights that exist.
    available : ndarray of int
        Flat indices of the weights that may exist.
    protected : ndarray of int
        Weights that stay.
    n_jobs : int, default=None
        Workers for the curvature.
    """

    def __init__(self, objective, w, kept, available, *, protected=(), n_jobs=None):
        self.objective, self.n_jobs = objective, n_jobs
        self.w = np.array(w, dtype=np.float64)
        self.available = np.asarray(available, dtype=np.intp)
        self.protected = np.asarray(protected, dtype=np.intp)
        self.topology = Connectivity(objective.network, kept)
        self.n_swaps = 0

    @property
    def kept(self):
        return np.flatnonzero(self.topology.alive)

    def swap(self, max_swaps=np.inf, tol=0.0):
        """Train the survivors, then swap while each swap lowers the loss by more than ``tol``."""
        with blas_threads(len(self.kept) + _CANDIDATES):
            self.w, self.value = self._trained(self.w)
            while self.n_swaps < max_swaps and self._swap_one(tol):
                self.n_swaps += 1
        return self

    def _trained(self, w):
        """Weights and loss after a short training of the survivors."""
        result = train_lbfgs(self.objective, w, self.kept, max_iter=_ITERATIONS, tol=1e-6)
        return result.weights, result.value

    def _swap_one(self, tol):
        """Take the first promising exchange that lowers the loss enough when it is trained."""
        for _, q, c, w in self._most_promising():
            self.topology.restore([c])
            self.topology.remove([q])
            w, value = self._trained(w)
            if value < self.value - tol:
                self.w, self.value = w, value
                return True
            self.topology.restore([q])
            self.topology.remove([c])
        return False

    def _most_promising(self):
        """Exchanges (loss, q, c, weights) with the least loss before training."""
        kept, candidates = self.kept, self._candidates()
        if not (len(kept) and len(candidates)):
            return []
        frame = np.concatenate([kept, candidates])
        order = np.argsort(frame)
        positions = np.argsort(order)
        hessian = gauss_newton(self.objective, self.w, frame[order], n_jobs=self.n_jobs)
        hessian = hessian[np.ix_(positions, positions)]
        gradient = self.objective.value_and_gradient(self.w)[1][frame]
        scale = float(np.diag(hessian)[: len(kept)].mean())
        best = {}
        for damping in _DAMPINGS:
            model = ExchangeModel(hessian, gradient, self.w[kept], damping * scale)
            for q, c in self._cheapest_pairs(model.changes(), kept, candidates):
                w = np.zeros_like(self.w)
                w[kept], w[candidates[c]] = model.exchanged(q, c)
                value, pair = self.objective.value(w), (kept[q], candidates[c])
                if pair not in best or value < best[pair][0]:
                    best[pair] = (value, *pair, w)
        return sorted(best.values(), key=lambda exchange: exchange[0])[:_TRAINED]

    def _candidates(self):
        """Deleted weights that would join live units, those with most to gain."""
        deleted = self.available[~self.topology.alive[self.available]]
        deleted = deleted[self.topology.joins_live_units(deleted)]
        if len(deleted) > _CANDIDATES:
            gradient = self.objective.value_and_gradient(self.w)[1][deleted]
            curvature = gauss_newton_diagonal(self.objective, self.w, deleted)
            gains = np.square(gradient) / np.maximum(curvature, np.finfo(float).tiny)
            deleted = deleted[np.argsort(-gains, kind="stable")[:_CANDIDATES]]
        return np.sort(deleted)

    def _cheapest_pairs(self, changes, kept, candidates):
        """For each of the most promising candidates the cheapest survivor that goes alone."""
        changes[np.isin(kept, self.protected)] = np.inf
        pairs = []
        for c in np.argsort(changes.min(axis=0), kind="stable"):
            for q in np.argsort(changes[:, c], kind="stable")[:_TRIALS]:
                if changes[q, c] < 0 and self._goes_alone(kept[q], candidates[c]):
                    pairs.append((int(q), int(c)))
                    break
            if len(pairs) == _TRIALS or changes[:, c].min() >= 0:
                break
        return pairs

    def _goes_alone(self, q, c):
        """Whether all other weights are still of use with c in the place of q."""
        self.topology.restore([c])
        fallen = self.topology.closure([q])
        self.topology.remove([c])
        return len(fallen) == 1
