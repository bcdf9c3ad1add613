"""What users read of a pruned network."""

import copy
from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from ..._fitted.reading import decay_of
from ..._gauss_newton.gates import input_saliencies
from .refine import rounded_copy, swapped_copy


def alive_units(coef_masks):
    """Units of each hidden layer with a surviving outgoing weight."""
    return tuple(int(mask.any(axis=1).sum()) for mask in coef_masks[1:])


class PrunedNetwork:
    """A pruned network, its masks, and the copies of it that can be made."""

    def _importances(self, objective, w):
        """Saliencies of the inputs, or of their groups, as shares of one."""
        groups = None if self.feature_groups_ is None else list(self.feature_groups_.values())
        saliencies = input_saliencies(objective, w, groups)
        firsts = slice(None) if groups is None else [columns[0] for columns in groups]
        total = saliencies[firsts].sum()
        return saliencies / total if total else saliencies

    def _set_decay(self, alpha, alphas=None):
        """Take over the decay of the network that was trained, or other ``alphas``."""
        vars(self).pop("alphas_", None)
        if alphas is not None:
            self.alpha_, self.alphas_ = None, alphas
        elif np.ndim(alpha):
            self.alpha_, self.alphas_ = self.estimator_.alpha_, self.estimator_.alphas_
        else:
            self.alpha_ = alpha

    def _set_pruned(self, kept, w):
        self._set_network(self._network, w)
        masks = np.zeros(len(w), dtype=bool)
        masks[kept] = True
        self.coef_masks_, self.intercept_masks_, self.direct_mask_ = self._network.unpack(masks)
        self.n_weights_ = len(kept)
        self.hidden_layer_sizes_ = alive_units(self.coef_masks_)

    def get_support(self, indices=False):
        """Tell which inputs the pruned network still uses.

        With `feature_groups`, all of a group as soon as it uses one of them.

        Parameters
        ----------
        indices : bool, default=False
            Return integer indices in place of a mask.

        Returns
        -------
        support : ndarray of shape (n_features,) or (n_selected,)
            True, or the index, of each input with a surviving weight.
        """
        check_is_fitted(self)
        mask = self.coef_masks_[0].any(axis=1)
        if self.direct_mask_ is not None:
            mask |= self.direct_mask_.any(axis=1)
        for columns in (self.feature_groups_ or {}).values():
            mask[columns] = mask[columns].any()
        return np.flatnonzero(mask) if indices else mask

    def at_size(self, n_weights):
        """Return the network that the pruning path holds at another size.

        Parameters
        ----------
        n_weights : int
            Largest number of weights; the path holds every size below 65, and above one
            for about each 1/64 of the size.

        Returns
        -------
        estimator : object
            A fitted copy of this estimator with the largest network of the path that has at most
            `n_weights` weights, as it was when pruning passed that size. `path_` is the
            whole path; `feature_importances_` and `stopped_by_` are left out.

        Raises
        ------
        ValueError
            If the path does not reach down to `n_weights`, or this is no number of weights.
        """
        check_is_fitted(self)
        validate_parameter_constraints(
            {"n_weights": [Interval(Integral, 0, None, closed="left")]},
            {"n_weights": n_weights},
            "at_size",
        )
        kept, values, loss = self._path.at(n_weights)
        w = np.zeros(self._network.n_weights)
        w[kept] = values
        other = copy.copy(self)
        other._set_pruned(kept, w)
        other._set_decay(decay_of(self.estimator_, self._network))
        other.loss_ = loss
        # What a copy without the data cannot know of another network. (Of one that was pruned
        # towards a reference's outputs, the path knows the divergence from them.)
        unknown = ["feature_importances_", "stopped_by_", "best_estimator_", "n_swaps_"]
        unknown += ["divergence_"] + ["loss_"] * (self.n_effective_ is not None)
        for name in unknown:
            vars(other).pop(name, None)
        return other

    def round_weights(
        self, X, y, sample_weight=None, *, decimals=None, levels=None, threshold="auto"
    ):
        """Return a copy whose weights have few decimals, or share a few values.

        For equations that can be read and networks that need little storage. The weights are
        fixed one after the other, the dearest first, and each time the free ones make up for it as
        they do for a deletion (HS93, section 7: the constraint w_q = constant), towards the targets
        or, of a network that was pruned towards a reference, its own outputs. A weight that becomes
        zero is deleted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs of the training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        decimals : int, default=None
            Number of decimals of each weight; negative for tens, hundreds and so on.
        levels : int, default=None
            Number of different values that all weights share. Give this or `decimals`.
        threshold : "auto", float or None, default="auto"
            How far the explained deviance (D2, for squared errors R2) of the samples may fall;
            weights whose rounding costs more keep all of their digits. "auto" is the threshold of
            this estimator if that is a number, and 0.01 otherwise; None rounds all weights,
            whatever that costs.

        Returns
        -------
        estimator : object
            A fitted copy of this estimator with the rounded network; `path_` is that of the
            pruning.

        Raises
        ------
        ValueError
            If not just one of `decimals` and `levels` is given, or one of them, or `threshold`, is
            out of range; if y has classes that were not seen in `fit`.

        Warns
        -----
        UserWarning
            If weights had to keep their digits.

        Notes
        -----
        For n weights memory is that of one curvature matrix (8 n^2 bytes, two and a half times
        that at the peak; the exact one, whatever the criterion), time that of about twelve of
        its inversions, O(12 n^3), and of ``8 log(n)`` curvatures and short trainings.

        References
        ----------
        HS93: section 7; eq. 5 with the distance to the constant in the place of the weight.

        Examples
        --------
        In a pipeline, the inputs of the network are what its other steps make of X:

        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from skprune import OBSMLPClassifier, PenalizedMLPClassifier
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> network = PenalizedMLPClassifier((5,), alpha=0.1, random_state=0)
        >>> pipeline = make_pipeline(StandardScaler(), OBSMLPClassifier(network)).fit(X, y)
        >>> rounded = pipeline[-1].round_weights(pipeline[:-1].transform(X), y, decimals=1)
        >>> rounded.coefs_[1].round(1).tolist() == rounded.coefs_[1].tolist()
        True
        """
        return rounded_copy(self, X, y, sample_weight, decimals, levels, threshold)

    def swap_weights(self, X, y, sample_weight=None, *, max_swaps=None, tol=1e-4):
        """Return a copy of the same size in which deleted weights have taken the place of others.

        Pruning never takes a deletion back, though a weight that was dispensable early may be
        wanted late. Here a kept weight is exchanged for a deleted one where the quadratic model
        says so and the loss bears it out: for the last per cent at a size that is fixed, and
        before pruning further. The survivors are trained by L-BFGS first, and after each swap.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs of the training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        max_swaps : int, default=None
            Largest number of swaps; None for as many as bring `tol` each. With 0 the survivors are
            trained and that is all.
        tol : float, default=1e-4
            How far a swap must lower the training loss (weight decay included), as a share of the
            loss of the best constant model: 1e-4 is a hundredth of a point of explained deviance.

        Returns
        -------
        estimator : object
            A fitted copy of this estimator with the network after the swaps, `n_swaps_` of them;
            `path_` is that of the pruning. `n_weights_` is what it was. Weights that the unpruned
            network did not have stay out, units that are gone stay gone, and with
            ``prune_intercepts=False`` biases stay.

        Raises
        ------
        ValueError
            If `max_swaps` or `tol` is out of range; if `granularity` is not "weight"; if y has
            classes that were not seen in `fit`.

        Notes
        -----
        For n weights and m candidates for insertion (the most promising 512 of the deleted ones)
        memory is that of a curvature matrix of n + m weights, ``20 (n + m)^2`` bytes at the peak.
        A swap takes time for this curvature, O(4 n^3 + 4 m n^2) for the prices of all
        pairs with four dampings, and at most twelve trainings of 50 iterations.

        References
        ----------
        HS93: eq. 5, with the inverse Hessian to which the inserted weight has been added.

        Examples
        --------
        In a pipeline, the inputs of the network are what its other steps make of X:

        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from skprune import OBSMLPClassifier, PenalizedMLPClassifier
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> network = PenalizedMLPClassifier((5,), alpha=0.1, random_state=0)
        >>> pruned = OBSMLPClassifier(network, n_weights=10)
        >>> pipeline = make_pipeline(StandardScaler(), pruned).fit(X, y)
        >>> swapped = pipeline[-1].swap_weights(pipeline[:-1].transform(X), y)
        >>> swapped.n_weights_, swapped.n_swaps_ > 0, swapped.loss_ < pipeline[-1].loss_
        (10, True, True)
        """
        return swapped_copy(self, X, y, sample_weight, max_swaps, tol)
