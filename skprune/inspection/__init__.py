"""Tools to see and to read a network: displays, equations, rules."""

from ._network_display import NetworkDisplay

__all__ = [
    "NetworkDisplay",
]
