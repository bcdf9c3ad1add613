"""What estimators share that train a network of another estimator."""

from sklearn.utils import get_tags

from ..._fitted.frozen import unwrap_frozen


class OwnsTrainer:
    """Parameters and tags of an estimator with the parameter `estimator`."""

    def set_params(self, **params):
        """Set parameters, those of the network as ``estimator__<parameter>``.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : object
            This estimator.

        Raises
        ------
        ValueError
            If a parameter of the network is set, but `estimator` is None, or a name is not known.
        """
        nested = [name for name in params if name.startswith("estimator__")]
        if nested and params.get("estimator", self.estimator) is None:
            raise ValueError(
                f"{nested[0]!r} is a parameter of the network, but estimator=None has none. Pass "
                f"estimator={type(self._default_estimator()).__name__}(), which it stands for."
            )
        return super().set_params(**params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):
            # The tags of a frozen estimator would have scikit-learn skip its checks.
            of_network = get_tags(unwrap_frozen(self.estimator))
            tags.input_tags = of_network.input_tags
            tags.target_tags.positive_only = of_network.target_tags.positive_only
        return tags

    def _trainer(self):
        """The estimator that trains the network, the default one where none was given."""
        return self._default_estimator() if self.estimator is None else self.estimator
