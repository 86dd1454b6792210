"""Threads that do everything with one network at once: what ThreadSanitizer watches.

Takes how many fits there are to be. Each answer must be that of one finished epoch.
"""

import copy
import pickle
import sys
import threading
import time

import numpy as np

from backprop_c import SGD, Network

FITS = int(sys.argv[1])
RATE = 2.0**-20
WIDTH = 48


class Race:
    """One weight a unit, all of them alike, which every epoch multiplies by the same factor.

    So a network in the midst of being written has outputs that differ.
    """

    def __init__(self):
        self.net = Network((1, WIDTH), "identity", biases=False, random_state=0)
        self.net.parameters[:] = 1
        self.row = np.ones(1)
        self.rows = np.ones((40_000, 1))
        self.X, self.y = np.ones((3000, 1)), np.zeros((3000, WIDTH))
        self.left = threading.Semaphore(FITS)
        self.over = threading.Event()
        self.done = {}
        self.wrong = []
        # What compiled code cannot raise, it tells to this hook.
        sys.unraisablehook = lambda told: self.wrong.append((told.object, told.exc_value))

    def fit(self, n_threads):
        if not self.left.acquire(blocking=False):
            self.over.set()
            return
        try:
            self.net.fit(self.X, self.y, epochs=50, batch_size=1500, optimizer=SGD(RATE),
                         n_threads=n_threads)  # fmt: skip
        except RuntimeError as error:
            self.left.release()
            if "trained by another fit or step" not in str(error):
                raise

    def alike(self, values):
        assert (values == values.flat[0]).all()

    def gradient(self):
        self.alike(self.net.loss_and_gradient(self.X, self.y)[1])

    def tasks(self):
        """Name -> what a thread does again and again."""
        return {
            "fit": lambda: self.fit(1),
            "fit in threads": lambda: self.fit(3),
            "predict": lambda: self.alike(self.net.predict(self.row)),
            "predict, too": lambda: self.alike(self.net.predict(self.row)),
            "predict long": lambda: self.alike(self.net.predict(self.rows)),
            "predict in threads": lambda: self.alike(self.net.predict(self.rows, n_threads=2)),
            "copy": lambda: self.alike(copy.copy(self.net).parameters),
            "pickle": lambda: self.alike(pickle.loads(pickle.dumps(self.net)).parameters),
            "gradient": self.gradient,
            "gradient, too": self.gradient,
            "history": lambda: self.net.history and self.net.history.to_dict(),
            "stop": lambda: self.net.stop() if time.monotonic() % 1 < 0.01 else None,
        }

    def again(self, name, task):
        count = 0
        try:
            while not self.over.is_set():
                task()
                count += 1
                time.sleep(0.001)
        except BaseException as error:
            self.wrong.append((name, error))
            self.over.set()
        self.done[name] = count

    def run(self):
        threads = [threading.Thread(target=self.again, args=task) for task in self.tasks().items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(self.done)
        if self.wrong:
            raise SystemExit(f"wrong: {self.wrong}")


if __name__ == "__main__":
    assert not getattr(sys, "_is_gil_enabled", lambda: True)(), "this Python has a GIL"
    Race().run()
