"""Tools to see and to read a network: displays, equations, rules."""

from ._network_display import NetworkDisplay
from ._path_display import PruningPathDisplay

__all__ = [
    "NetworkDisplay",
    "PruningPathDisplay",
]
