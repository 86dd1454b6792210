"""What looks at a fit between its epochs: the progress that is shown, and callbacks."""

import numpy as np

from ._progress import Progress


class Watcher:
    """Shows progress, and calls callbacks with each epoch's values."""

    def __init__(self, network, names, epochs, verbose, callbacks=()):
        self._network = network
        self._names = names
        self._callbacks = callbacks
        self._epochs = 0
        self._progress = Progress(epochs) if verbose else None

    def update(self, record):
        """After a run: show it, and call back if an epoch has ended; whether to stop."""
        if self._progress is not None:
            self._progress.update(record.epochs, record.last())
        if not self._callbacks or record.epochs == self._epochs:
            return False
        self._epochs = record.epochs
        logs = dict(zip(self._names, record.last_values(), strict=True))
        # All are called, also where one of them asks to stop.
        answers = [call(self._epochs, dict(logs), self._network) for call in self._callbacks]
        return any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers)

    def close(self, record):
        """At the end, however it came."""
        if self._progress is not None:
            self._progress.update(record.epochs, record.last())
            self._progress.close()
