"""scikit-learn's callbacks, where its version has them: an epoch is a task of a fit."""

import copy
from typing import Any

try:
    from sklearn import callback
except ImportError:
    # Before scikit-learn 1.9 estimators have none, and methods stay as they are.
    CallbackSupportMixin: Any = type("CallbackSupportMixin", (), {})

    def with_callbacks(method):
        """The method as it is."""
        return method

else:
    CallbackSupportMixin = callback.CallbackSupportMixin
    with_callbacks = callback.with_callbacks


class Reported:
    """A callback of the core's that tells scikit-learn's of each epoch."""

    def __init__(self, estimator, X, y, sample_weight):
        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"X": X, "y": y, "metadata": metadata}
        self.fit = estimator._init_callback_context(max_subtasks=estimator.max_iter + 1)
        self.fit.call_on_fit_task_begin(estimator=estimator, **self.data)
        self.task = self.begun()

    def begun(self):
        """The task of the next epoch."""
        task = self.fit.subcontext(task_name="epoch")
        task.call_on_fit_task_begin(estimator=self.estimator, **self.data)
        return task

    def ended(self, task, **attributes):
        """Whether a callback wants the training to end with this task."""
        return bool(
            task.call_on_fit_task_end(
                estimator=self.estimator, reconstruction_attributes=attributes, **self.data
            )
        )

    def on_epoch_end(self, epoch, logs, network):
        """Whether the training is over."""
        over = self.ended(self.task, network_=copy.copy(network))
        self.task = self.begun()
        return over

    def close(self):
        """The epoch that was never run ends, and the fit does."""
        self.ended(self.task, network_=copy.copy(self.estimator.network_))
        self.ended(self.fit)


def reported(estimator, X, y, sample_weight):
    """What tells an estimator's callbacks of the epochs; None where it has none."""
    if getattr(estimator, "_skl_callbacks", None):
        return Reported(estimator, X, y, sample_weight)
    return None
