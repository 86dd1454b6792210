"""What all tests share."""

import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # reference.py and helpers.py

# A shell that starts the suite in the background has it ignore Ctrl-C, which some tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


class Draws(threading.local):
    """A generator of random numbers, and the same one anew in each thread.

    pytest-run-parallel hands one fixture to several threads. If they drew from one generator,
    nobody could tell which numbers a test had got.
    """

    def __init__(self):
        self.generator = np.random.default_rng(20)

    def __getattr__(self, name):
        return getattr(self.generator, name)


@pytest.fixture
def rng():
    return Draws()
