"""Parameters drawn from what estimators declare of them, and made to go together."""

import inspect
from numbers import Integral

import numpy as np
from public_api import PUBLIC_ESTIMATORS
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils._param_validation import Interval, make_constraint

import skprune
from skprune._network import OUTPUT_PAIRS

from .tables import chance, pick

SHARE = 0.4  # of the parameters that are not left at their default
FEW = {  # largest values that keep a fit short
    "max_iter": 60,
    "n_init": 2,
    "n_hidden": 8,
    "n_cuts": 3,
    "max_components": 8,
    "max_hidden": 5,
    "patience": 3,
    "n_directions": 3,
    "n_features_to_select": 1,
    "n_inputs": 1,
    "n_weights": 1,
    "sizes": 5,
    "Cs": 4,
    "batch_size": 40,
    "linearize": 4,
    "max_patterns": 4000,
    "revive_every": 10,
}
DECADES = {  # of numbers of any size
    "C": (-3, 3),
    "C_ratio": (0.1, 4),
    "alpha": (-6, 1),
    "input_noise": (-3, 0),
    "tol": (-8, -2),
    "reg_covar": (-8, 0),
    "damping": (-8, 0),
    "learning_rate": (-4, -1),
    "delta_lambda": (-3, 0),
    "weight_bound": (-1, 1),
    "step": (-1, 1),
    "time_limit": (1, 2),
    "max_change": (-1, 1),
    "retrain_above": (0, 1),
    "retrain_to": (0, 1),
    "min_gap": (0.01, 1),
}


def least_index(results):
    """A `selection` that takes the first size."""
    return 0


def draw_estimator(rng, name, table, is_odd=False):
    """An estimator with parameters that are not all at their defaults.

    Parameters
    ----------
    rng : Generator
    name : str
        Of `PUBLIC_ESTIMATORS`.
    table : Table
        What it is to be fitted to.
    is_odd : bool, default=False
        Whether the parameters need not go together, and one of them may be nonsense.

    Returns
    -------
    estimator : estimator
    odd : list of str
        What it may refuse.
    """
    cls = PUBLIC_ESTIMATORS[name]
    parameters = draw_parameters(rng, cls, table)
    odd = []
    if is_odd:
        spoilt = pick(rng, sorted(parameters.keys() - {"verbose"}))
        nonsense = pick(rng, [-1, 0, 1e300, np.nan, "nonsense", (), [], {}, None, 1.5, True])
        parameters[spoilt] = nonsense
        odd = [f"{spoilt}={nonsense!r}"]
    else:
        REPAIRS[name.removeprefix("skprune.")](rng, parameters, table)
    return cls(**parameters), odd


def draw_parameters(rng, cls, table, share=SHARE):
    """Values of the parameters of a class, each within its own constraints."""
    parameters = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        constraints = cls._parameter_constraints[name]
        if name == "random_state":
            parameters[name] = int(rng.integers(5))
        elif name in SPECIAL:
            if chance(rng, _share(name, cls, share)):
                parameters[name] = SPECIAL[name](rng, table, cls)
        elif name not in ("verbose", "n_jobs") and chance(rng, share):
            parameters[name] = draw_value(rng, name, pick(rng, constraints), table)
        parameters.setdefault(name, parameter.default)
    if "max_iter" in parameters and "LP" not in cls.__name__:
        parameters["max_iter"] = min(parameters["max_iter"], FEW["max_iter"])
    return parameters


def _share(name, cls, share):
    """How often a parameter has a value of its own."""
    if name == "batch_size":  # (of one sample, an epoch takes its time)
        return 1.0
    trains = name == "estimator" and "Mixture" not in cls.__name__
    # (The networks of their own take ten times as long as small ones.)
    return (1.0 if cls.__name__.endswith("CV") else 0.95) if trains else share


def draw_value(rng, name, constraint, table):
    """A value that meets one constraint."""
    if inspect.isclass(constraint) and hasattr(constraint, "_parameter_constraints"):
        return constraint(**draw_parameters(rng, constraint, table))
    if constraint is tuple:
        return tuple(sorted(rng.uniform(0, 1, 2)))
    if constraint is Integral:
        return 1
    if constraint is None or constraint == "boolean":
        return None if constraint is None else chance(rng, 0.5)
    constraint = make_constraint(constraint)
    if isinstance(constraint, Interval):
        return _number(rng, name, constraint)
    return pick(rng, sorted(constraint.options, key=str))


def _number(rng, name, interval):
    low, high = interval.left, interval.right
    if interval.type is Integral:
        return int(rng.integers(low, FEW[name] + 1))
    if chance(rng, 0.1) and interval.closed in ("left", "both"):
        return float(low)
    if chance(rng, 0.1) and interval.closed in ("right", "both") and high is not None:
        return float(high)
    if low == 0 and high == 1:
        return float(rng.uniform(0.01, 0.99))
    return float(10.0 ** rng.uniform(*DECADES.get(name, (-4, 1))))


# ---- parameters whose constraints say too little -----------------------------------------------


def _hidden(rng, table, cls):
    if "Splitting" in cls.__name__:
        return pick(rng, [1, 2, (1,), [1, 1], np.array([2])])
    return pick(rng, ["auto", 1, 4, (3,), [2, 3], np.array([3]), ()])


def _class_weight(rng, table, cls):
    if table.kind == "labels":
        return pick(rng, ["balanced", {0: 1.0, 1: 3.0}, [{0: 1.0, 1: 2.0}] * table.labels.shape[1]])
    if table.kind == "values" or chance(rng, 0.5):
        return "balanced"
    return {value: float(rng.uniform(0.5, 3)) for value in table.classes.tolist()}


def _monotonic(rng, table, cls):
    signs = rng.integers(-1, 2, table.values.shape[1])
    if table.names is not None and chance(rng, 0.5):
        return {name: int(sign) for name, sign in zip(table.names, signs)}
    return pick(rng, [signs, signs.tolist()])


def _limits(rng, table, cls):
    if table.kind != "values":
        return "auto"
    low, high = float(np.min(table.labels)), float(np.max(table.labels))
    return pick(rng, ["auto", (low - 1.0, high + 1.0), [low - abs(low), high + 1.0 + abs(high)]])


def _groups(rng, table, cls):
    columns = rng.permutation(table.values.shape[1])[: int(rng.integers(1, 6))].tolist()
    pairs = [columns[start : start + 2] for start in range(0, len(columns), 2)]
    named = {f"group {number}": pair for number, pair in enumerate(pairs)}
    return pick(rng, [pairs, named, skprune.FeatureGroups(pairs), None])


def _network(rng, table, cls):
    """A network to be pruned, or whose inputs are ranked, of the kind that the estimator is."""
    kind = "Regressor" if table.kind == "values" else "Classifier"
    name = pick(rng, ["PenalizedMLP"] * 4 + ["SplittingMLP", "MLP"]) + kind
    if name.startswith("MLP"):
        solver = pick(rng, ["lbfgs", "adam"])
        mlp = MLPClassifier if kind == "Classifier" else MLPRegressor
        activation = pick(rng, ["relu", "tanh"])
        sizes = {"hidden_layer_sizes": (4,), "max_iter": 30}
        return mlp(solver=solver, activation=activation, random_state=0, **sizes)
    network = draw_estimator(rng, f"skprune.{name}", table)[0]
    if network.alpha == "auto" and (cls.__name__.endswith("CV") or chance(rng, 0.8)):
        network.alpha = 0.01
    return network


def _mixture(rng, table, cls):
    if chance(rng, 0.3) and table.sample_weight is None:
        return GaussianMixture(2 if table.rarest > 4 else 1, random_state=0)
    return draw_estimator(rng, "skprune.SplittingGaussianMixture", table)[0]


def _cv(rng, table, cls):
    return pick(rng, [2, 3, KFold(2), ShuffleSplit(2, random_state=0)])


SPECIAL = {
    "hidden_layer_sizes": _hidden,
    "class_weight": _class_weight,
    "monotonic_cst": _monotonic,
    "limits": _limits,
    "feature_groups": _groups,
    "estimator": lambda *of: _mixture(*of) if "Mixture" in of[2].__name__ else _network(*of),
    "cv": _cv,
    "alphas": lambda *of: [1e-3, 0.1],
    "sizes": lambda rng, *of: pick(rng, [2, 4]),
    "Cs": lambda rng, *of: pick(rng, [1, 3, [0.1, 1.0], [np.inf]]),
    "scoring": lambda *of: "accuracy" if is_classifier(of[2]()) else "neg_mean_absolute_error",
    "selection": lambda rng, _, cls: pick(
        rng, ["best", "one_se"] + [least_index] * (not cls.__name__.startswith("LP"))
    ),
    "batch_size": lambda rng, *of: int(rng.integers(16, 41)),
    "priors": lambda rng, table, cls: rng.dirichlet(np.ones(len(table.classes))),
    "structure": lambda rng, *of: pick(rng, ["layers", "cascade"]),
    "splits": lambda *of: None,
    "costs": lambda *of: None,
    "groups": lambda rng, table, cls: [[0]],
}


# ---- what has to go together -------------------------------------------------------------------


def _repair_network(rng, given, table):
    pair = given["loss"], given["out_activation"]
    is_multiclass = table.kind == "classes" and len(table.classes) > 2
    if pair not in OUTPUT_PAIRS or (pair[1] == "softmax" and not is_multiclass):
        given["out_activation"] = "auto"
    if given["loss"] == "poisson" and np.min(table.labels) < 0:
        given["loss"], given["out_activation"] = "squared_error", "auto"


def _repair_penalized(rng, given, table):
    _repair_network(rng, given, table)
    if not hasattr(table.X, "__array__") and hasattr(table.X, "tocsr"):
        given["input_noise"] = 0.0  # makes all inputs differ from zero
    given["estimator"] = None


def _repair_splitting(rng, given, table):
    _repair_network(rng, given, table)
    units = np.sum(given["hidden_layer_sizes"])
    given["max_hidden"] = max(min(given["max_hidden"], FEW["max_hidden"]), int(units))
    if given["validation_fraction"] is not None:
        held_out = round(given["validation_fraction"] * len(table.values))
        if not 1 <= held_out <= len(table.values) - 2:
            given["validation_fraction"] = None


def _repair_pruning(rng, given, table):
    _repair_trainer(rng, given, table)
    criterion = given["criterion"]
    if isinstance(criterion, skprune.ModifiedOBS):
        criterion.retrain_above = max(criterion.retrain_above, criterion.retrain_to)
    if isinstance(criterion, skprune.ModifiedOBS) or criterion == "obs-obd":
        given["granularity"] = "weight"
    if isinstance(criterion, skprune.Magnitude) or criterion == "magnitude":
        given.update(dict.fromkeys({"max_saliency"} & given.keys()))
    if given["granularity"] != "input":
        given["feature_groups"] = given["n_inputs"] = None
    if given.get("n_inputs") == 1:
        given["n_inputs"] = 0.5  # there may be none that is of any use
    if given.get("stopping") == "validation":
        n_held_out = len(table.values) // 5
        is_enough = table.rarest >= 2 and n_held_out >= len(table.classes)
        if not is_enough or table.sample_weight is not None or table.kind == "labels":
            given["stopping"] = "fpe"
    if chance(rng, 0.15) and "stopping" in given:
        _freeze(given, table)


def _freeze(given, table):
    """Prune a network as it is."""
    trainer = given["estimator"]
    if trainer is None or given["n_init"] > 1 or given["stopping"] == "validation" or table.odd:
        return
    given["estimator"] = FrozenEstimator(clone(trainer).fit(table.values, table.labels))


def _repair_trainer(rng, given, table):
    """A network of the estimator's kind, with class weights of one of the two alone."""
    trainer = given["estimator"]
    if given.get("class_weight") is not None and hasattr(trainer, "class_weight"):
        trainer.class_weight = None


def _repair_search(rng, given, table):
    given.setdefault("n_inputs", None)
    _repair_pruning(rng, given, table)
    del given["n_inputs"]
    given["n_init"] = 1
    _repair_folds(given, table)
    if not hasattr(given["estimator"], "alpha"):
        given["alphas"] = None


def _repair_folds(given, table):
    """Folds of which each has all classes, in training at least twice."""
    if table.kind == "values" and given["cv"] is not None:
        return
    given["cv"] = 2 if table.rarest < 5 or table.kind == "labels" else given["cv"]
    if not isinstance(given["cv"], int | None):
        given["cv"] = 2


def _repair_lp(rng, given, table):
    if table.kind == "classes" and len(table.classes) > 2:
        given["monotonic_cst"] = None


def _repair_lp_search(rng, given, table):
    _repair_lp(rng, given, table)
    _repair_folds(given, table)


def _repair_lp_network(rng, given, table):
    _repair_trainer(rng, given, table)


def _repair_mixture(rng, given, table):
    given["reg_covar"] = max(given["reg_covar"], 1e-8)
    held_out = round(given["validation_fraction"] * table.rarest)
    if given["stopping"] == "validation" and not 1 <= held_out <= table.rarest - 2:
        given["stopping"] = "bic"


def _repair_selector(rng, given, table):
    given["threshold"] = pick(rng, ["mean", 0.0, 0.1])


def _as_it_is(rng, given, table):
    """Nothing to make up for."""


REPAIRS = {
    "PenalizedMLPClassifier": _repair_penalized,
    "PenalizedMLPRegressor": _repair_penalized,
    "SplittingMLPClassifier": _repair_splitting,
    "SplittingMLPRegressor": _repair_splitting,
    "OBSMLPClassifier": _repair_pruning,
    "OBSMLPRegressor": _repair_pruning,
    "OBSMLPClassifierCV": _repair_search,
    "OBSMLPRegressorCV": _repair_search,
    "LPMLPClassifier": _repair_lp_network,
    "LPPerceptronClassifier": _repair_lp,
    "LPPerceptronClassifierCV": _repair_lp_search,
    "LPPerceptronRegressor": _as_it_is,
    "SplittingGaussianMixture": _repair_mixture,
    "SplittingGaussianMixtureClassifier": _as_it_is,
    "GateSensitivitySelector": _repair_selector,
}
