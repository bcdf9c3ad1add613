"""What scikit-learn got after 1.6 is used where it is there; without it fits are the same."""

import hashlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import frame_for, outputs, quick
from versions import needs_callbacks

from skprune import PenalizedMLPRegressor
from skprune.neural_network import _to_mlp

# scikit-learn is loaded with all that skprune takes from it, and then its callbacks are taken away.
WITHOUT_CALLBACKS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import sklearn.compose, sklearn.feature_selection, sklearn.frozen, sklearn.mixture
import sklearn.model_selection, sklearn.multiclass, sklearn.neural_network, sklearn.tree
sys.modules["sklearn.callback"] = None
from test_compatibility import PUBLIC_ESTIMATORS, digests
assert not any(hasattr(cls, "set_callbacks") for cls in PUBLIC_ESTIMATORS.values())
print(json.dumps(digests()))
"""


def digests():
    """A digest of all that each estimator computes after a fit."""
    found = {}
    for name in PUBLIC_ESTIMATORS:
        X, y = frame_for(quick(name))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = outputs(quick(name).fit(X, y), X).values()
        found[name] = hashlib.sha256(b"".join(value.tobytes() for value in values)).hexdigest()
    return found


@needs_callbacks
def test_fits_are_the_same_without_callbacks():
    command = [sys.executable, "-c", WITHOUT_CALLBACKS, str(Path(__file__).parent)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == digests()


def test_a_network_of_counts_names_the_scikit_learn_that_knows_its_loss(monkeypatch):
    """MLPRegressor has had squared errors alone until 1.7."""
    X = np.linspace(-1, 1, 20)[:, None]
    network = PenalizedMLPRegressor((2,), loss="poisson", alpha=0.1).fit(X, np.arange(20))
    monkeypatch.setattr(_to_mlp, "MLP_REGRESSOR_OUTPUTS", {("squared_error", "identity")})
    with pytest.raises(ValueError, match=r"MLPRegressor knows since 1.7.*export_c"):
        network.to_mlp()
