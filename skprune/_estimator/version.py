"""Pickles that say which version wrote them."""

import sys

from sklearn.exceptions import InconsistentVersionWarning

from .warnings import warn_user


class VersionMixin:
    """Keeps the version of skprune in what is pickled, and warns where it is another one.

    As scikit-learn does for its own estimators: there is no promise that attributes stay the same
    from one version to the next.
    """

    def __getstate__(self):
        return {**super().__getstate__(), "_skprune_version": _version()}

    def __setstate__(self, state):
        state = dict(state)
        original = state.pop("_skprune_version", "unknown")
        super().__setstate__(state)
        if original != _version():
            told = InconsistentVersionWarning(
                estimator_name=f"skprune.{type(self).__name__}",
                current_sklearn_version=_version(),
                original_sklearn_version=original,
            )
            warn_user(told, InconsistentVersionWarning)


def _version():
    # (The package itself, which stands above all its parts, is loaded by the time of a pickle.)
    return sys.modules[__name__.partition(".")[0]].__version__
