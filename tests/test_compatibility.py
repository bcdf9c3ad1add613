"""Estimators compute the same with and without the callbacks that scikit-learn has since 1.9."""

import hashlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

from public_api import PUBLIC_ESTIMATORS
from quick_estimators import frame_for, outputs, quick
from versions import needs_callbacks

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
