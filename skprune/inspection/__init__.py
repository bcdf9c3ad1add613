"""Tools to see and to read what was fitted: displays, equations, rules."""

from ._gate_sensitivity import gate_sensitivity
from ._hessian_display import HessianDisplay
from ._mixture_display import MixtureDisplay
from ._network_display import NetworkDisplay
from ._path_display import PruningPathDisplay
from ._rules import RuleSet, export_rules
from ._source import export_c, export_numpy
from ._surface_display import ErrorSurfaceDisplay
from ._text import export_text

__all__ = [
    "ErrorSurfaceDisplay",
    "HessianDisplay",
    "MixtureDisplay",
    "NetworkDisplay",
    "PruningPathDisplay",
    "RuleSet",
    "export_c",
    "export_numpy",
    "export_rules",
    "export_text",
    "gate_sensitivity",
]
