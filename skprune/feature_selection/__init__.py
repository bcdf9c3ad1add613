"""Selection of inputs by what a network makes of them."""

from ._gate_sensitivity import GateSensitivitySelector

__all__ = ["GateSensitivitySelector"]
