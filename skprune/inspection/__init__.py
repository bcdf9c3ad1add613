"""Tools to see and to read what was fitted: displays, equations, rules."""

from ._export.c_source import export_c
from ._export.numpy_source import export_numpy
from ._export.onnx_model import export_onnx
from ._export.text import export_text
from ._gate_sensitivity import gate_sensitivity
from ._plot.hessian_display import HessianDisplay
from ._plot.mixture_display import MixtureDisplay
from ._plot.network_display import NetworkDisplay
from ._plot.path_display import PruningPathDisplay
from ._plot.surface_display import ErrorSurfaceDisplay
from ._rules.export import export_rules
from ._rules.rule_set import RuleSet
from ._rules.scorecard import Scorecard, export_scorecard

__all__ = [
    "ErrorSurfaceDisplay",
    "HessianDisplay",
    "MixtureDisplay",
    "NetworkDisplay",
    "PruningPathDisplay",
    "RuleSet",
    "Scorecard",
    "export_c",
    "export_numpy",
    "export_onnx",
    "export_rules",
    "export_scorecard",
    "export_text",
    "gate_sensitivity",
]
