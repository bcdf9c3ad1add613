"""What tests need to know of the version of scikit-learn that they run with."""

import pytest
import sklearn
from sklearn.utils import estimator_checks
from sklearn.utils.fixes import parse_version

VERSION = parse_version(parse_version(sklearn.__version__).base_version)


def needs(version, what):
    """A mark for tests of what scikit-learn has since a version; skipped, they say so."""
    return pytest.mark.skipif(
        parse_version(version) > VERSION,
        reason=f"needs {what} of scikit-learn {version}; this is {sklearn.__version__}",
    )


needs_callbacks = needs("1.9", "the callbacks")
needs_mlp_of_1_7 = needs("1.7", "the MLPs, which take sample weights and counts,")

# Checks that fit with weights: expected failures of what trains a network of scikit-learn.
WEIGHTS_OF_MLPS = {}
if parse_version("1.7") > VERSION:
    WEIGHTS_OF_MLPS = dict.fromkeys(
        (
            "check_class_weight_classifiers",
            "check_classifiers_one_label_sample_weights",
            "check_sample_weights_list",
            "check_sample_weights_not_an_array",
            "check_sample_weights_not_overwritten",
            "check_sample_weights_pandas_series",
            "check_sample_weights_shape",
        ),
        "scikit-learn's networks take no sample_weight before 1.7",
    )


def parametrize_with_checks(estimators, *, expected_failed_checks=None, xfail_strict=True):
    """scikit-learn's decorator, with `xfail_strict` for versions before 1.8, which lack it.

    The reasons of expected failures are those of the latest checks. Older ones draw other data, on
    which a check may pass: there, no expected failure is strict. Cases are in a list, because
    pytest 9 takes no generator, which versions before 1.9 give.
    """
    has_strictness = parse_version("1.8") <= VERSION
    decorator = estimator_checks.parametrize_with_checks(
        estimators,
        expected_failed_checks=expected_failed_checks,
        **({"xfail_strict": xfail_strict} if has_strictness else {}),
    )
    names, cases = decorator.args
    cases = [case if has_strictness else _lenient(case) for case in cases]
    return pytest.mark.parametrize(names, cases, **decorator.kwargs)


def _lenient(case):
    """The estimator and its check; one that is expected to fail may pass."""
    marks = getattr(case, "marks", ())
    if not marks:
        return case
    return pytest.param(*case.values, marks=[_not_strict(mark) for mark in marks], id=case.id)


def _not_strict(mark):
    return pytest.mark.xfail(**{**mark.kwargs, "strict": False})
