"""The guide says what callbacks see, and a failing one leaves no half-fitted estimator behind."""

import copy
import re
from pathlib import Path

import pytest
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import assert_same_outputs, frame_for, quick
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from versions import needs_callbacks

from skprune._estimator.compat import CallbackSupportMixin

PAGE = (Path(__file__).parents[1] / "doc" / "guide" / "progress.rst").read_text("utf-8")
REPORTING = sorted(
    name for name, cls in PUBLIC_ESTIMATORS.items() if issubclass(cls, CallbackSupportMixin)
)

each_estimator = pytest.mark.parametrize("name", REPORTING)


class Recorder:
    """Notes the names of tasks; fails at the end of the first one of a given name."""

    def __init__(self, fail_at=None):
        self.fail_at, self.names = fail_at, []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **data):
        pass

    def on_fit_task_end(self, estimator, context, **data):
        self.names.append(context.task_name)
        if context.task_name == self.fail_at:
            raise KeyError("the callback failed")

    def teardown(self, estimator, context):
        pass


def row_of(name):
    """The row of the page's table that names an estimator."""
    cls = name.rpartition(".")[2]
    rows = [row for row in PAGE.split("   * - ")[2:] if f":class:`{cls}`" in row]
    assert rows, f"doc/guide/progress.rst does not say what {cls} reports"
    return rows[0]


@needs_callbacks
@each_estimator
def test_the_guide_names_the_tasks(name):
    model, recorder = quick(name), Recorder()
    model.set_callbacks(recorder).fit(*frame_for(model))
    assert recorder.names[-1] == "fit"
    documented = re.findall(r"``([^`]+)``", row_of(name).split("     - ")[1])
    kinds = {re.sub(r" .*", "", task) for task in recorder.names[:-1]}
    assert kinds == {re.sub(r" .*", "", task) for task in documented}


@needs_callbacks
@each_estimator
def test_a_failing_callback_leaves_no_half_fitted_estimator(name):
    model, recorder = quick(name), Recorder()
    data = frame_for(model)
    quick(name).set_callbacks(recorder).fit(*data)
    with pytest.raises(KeyError, match="the callback failed"):
        model.set_callbacks(Recorder(fail_at=recorder.names[0])).fit(*data)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


@needs_callbacks
@each_estimator
def test_a_failing_callback_leaves_a_fitted_estimator_as_it_was(name):
    X, y = frame_for(quick(name))
    model = quick(name).fit(X, y)
    before, recorder, other = copy.copy(model), Recorder(), X.iloc[:, ::-1]
    quick(name).set_callbacks(recorder).fit(other, y)
    with pytest.raises(KeyError, match="the callback failed"):
        model.set_callbacks(Recorder(fail_at=recorder.names[0])).fit(other, y)
    assert list(model.feature_names_in_) == list(X.columns)
    assert_same_outputs(model, before, X)
