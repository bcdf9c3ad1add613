"""Tools to see and to read a network: displays, equations, rules."""

from ._network_display import NetworkDisplay
from ._path_display import PruningPathDisplay
from ._rules import RuleSet, export_rules
from ._text import export_text

__all__ = [
    "NetworkDisplay",
    "PruningPathDisplay",
    "RuleSet",
    "export_rules",
    "export_text",
]
