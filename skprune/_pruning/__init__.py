"""The pruning loop: linearise, eliminate, check, retrain, stop."""

from ._before import Pruner, PruningPath, StopRule

__all__ = ["Pruner", "PruningPath", "StopRule"]
