"""A version of backprop_c in a process of its own, since one process cannot import two of them.

The process does what `ours` does, with the same arrays. It reads the clock itself: the way to it
and back is not timed. While others have their turn, it waits and takes no processor time.
"""

import multiprocessing
import sys
from pathlib import Path


class Version:
    """What the modules of other contenders are, for the package in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def training(self, problem):
        """Everything."""
        return There(self.folder, problem)

    def prediction(self, problem):
        """Everything."""
        return There(self.folder, problem)


class There:
    """The job of `ours` in a process that ends when this is forgotten."""

    granularity = 1

    def __init__(self, folder, problem):
        spawn = multiprocessing.get_context("spawn")
        self.folder = folder
        self.connection, theirs = spawn.Pipe()
        arguments = theirs, folder, problem.name, problem.case
        spawn.Process(target=answer, args=arguments, daemon=True).start()
        theirs.close()

    def clock(self, repeats):
        """As `work.Job.clock`."""
        return self.ask("clock", repeats)

    def train(self, epochs, shuffle):
        """As `work.Training.train`."""
        return self.ask("train", epochs, shuffle)

    def result(self):
        """As `work.Call.result`."""
        return self.ask("result")

    def ask(self, *question):
        """What a method of the process's job returns."""
        try:
            self.connection.send(question)
            return self.connection.recv()
        except (EOFError, OSError):
            raise RuntimeError(
                f"the backprop_c in {self.folder} has failed: its own error is above"
            ) from None


def answer(connection, folder, name, case):
    """What the process does: import its version, then what it is asked for."""
    sys.path.insert(0, folder)
    import backprop_c
    import problems
    from contenders import ours

    if not Path(backprop_c.__file__).is_relative_to(folder):
        raise ImportError(f"{folder} has no backprop_c; there is one in {backprop_c.__file__}")
    problem = problems.PROBLEMS[name]
    vars(problem)["case"] = case  # that of who asks: the data is not this version's
    job = getattr(ours, problem.kind)(problem)
    while True:
        try:
            method, *arguments = connection.recv()
        except EOFError:
            return
        connection.send(getattr(job, method)(*arguments))
