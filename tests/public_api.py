"""What users may rely on: all that ``__all__`` of a public module of skprune names."""

import importlib
import inspect
import pkgutil
from importlib.util import find_spec

from sklearn.base import BaseEstimator

import skprune


def _public_modules():
    found = pkgutil.walk_packages(skprune.__path__, "skprune.")
    names = ["skprune", *(module.name for module in found)]
    if find_spec("hmmlearn") is None:  # the extra hmm
        names = [name for name in names if "skprune.hmm" not in name]
    public = [name for name in names if not any(part[0] == "_" for part in name.split("."))]
    return {name: importlib.import_module(name) for name in public}


def _public_objects():
    """Classes and functions by the shortest name under which they are exported."""
    objects = {}
    for module_name, module in sorted(PUBLIC_MODULES.items(), reverse=True):
        for name in getattr(module, "__all__", []):
            member = getattr(module, name)
            if inspect.isclass(member) or inspect.isfunction(member):
                objects[member] = f"{module_name}.{name}"
    return {name: member for member, name in objects.items()}


PUBLIC_MODULES = _public_modules()
PUBLIC_OBJECTS = _public_objects()
# Models of sequences take lengths where scikit-learn's estimators take y, and are tested apart.
PUBLIC_ESTIMATORS = {
    name: member
    for name, member in PUBLIC_OBJECTS.items()
    if inspect.isclass(member) and issubclass(member, BaseEstimator) and hasattr(member, "fit")
    if not name.startswith("skprune.hmm")
}
