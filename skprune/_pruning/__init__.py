"""The pruning loop, out of orthogonal pieces."""

from ._before import Pruner, PruningPath, StopRule

__all__ = ["Pruner", "PruningPath", "StopRule"]
