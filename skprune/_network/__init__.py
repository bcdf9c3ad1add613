"""Networks as functions of a flat weight vector, their loss on data, and which weights exist."""

from .activations import ACTIVATIONS, HIDDEN_ACTIVATIONS, activate, log_softmax
from .connectivity import Connectivity
from .losses import OUTPUT_PAIRS
from .network import Network, layer_sizes_of, network_output
from .noise import NoisyObjective, noisy_objective
from .objective import Objective

__all__ = [
    "ACTIVATIONS",
    "HIDDEN_ACTIVATIONS",
    "OUTPUT_PAIRS",
    "Connectivity",
    "Network",
    "NoisyObjective",
    "Objective",
    "activate",
    "layer_sizes_of",
    "log_softmax",
    "network_output",
    "noisy_objective",
]
