"""The order of the samples: bounded integers from bits that are chosen here, under a lock."""

import ctypes

import numpy as np
import pytest
from helpers import measured

from backprop_c import Network
from backprop_c._engine.trainer import Trainer

NEXT_32 = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p)


class BitGenerator(ctypes.Structure):
    """NumPy's bitgen_t: what a bit generator's capsule points to."""

    _fields_ = (
        ("state", ctypes.c_void_p),
        ("next_uint64", ctypes.c_void_p),
        ("next_uint32", NEXT_32),
        ("next_double", ctypes.c_void_p),
        ("next_raw", ctypes.c_void_p),
    )


class ChosenBits:
    """A bit generator that returns what it is given, and knows whether it is locked.

    It is compared by a method of its own, and so has no hash.
    """

    def __init__(self, values):
        self.left = list(values)
        self.locked = False
        self.unlocked_draws = 0
        self.lock = self

    def __enter__(self):
        self.locked = True

    def __exit__(self, *_):
        self.locked = False

    def __eq__(self, other):
        return self is other

    def draw(self, _):
        self.unlocked_draws += not self.locked
        return self.left.pop(0)

    @property
    def capsule(self):
        self.function = NEXT_32(self.draw)
        self.struct = BitGenerator(next_uint32=self.function)
        make = ctypes.pythonapi.PyCapsule_New
        make.restype = ctypes.py_object
        make.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        return make(ctypes.addressof(self.struct), b"BitGenerator", None)


def last_sample(values, n_samples):
    """The sample that comes last in an epoch whose order is drawn from these 32-bit numbers.

    An online step at a rate of 1 leaves its target as the one weight.
    """
    net = Network((1, 1), "identity", biases=False, random_state=0)
    bits = ChosenBits(values)
    X, y = np.ones((n_samples, 1)), np.arange(float(n_samples))[:, None]
    trainer = Trainer(net, measured(net, X, y, None))
    trainer.prepare(1, 1, 0, (1.0, 0.0, 0.0, 0.0), bits, None)
    trainer.run()
    trainer.close()
    assert bits.left == []
    assert bits.unlocked_draws == 0
    return round(net.parameters[0])


HALF, THIRD = 2**31, 2**32 // 3


@pytest.mark.parametrize(
    ("values", "n_samples", "last"),
    [
        # One draw from 2, which divides 2**32: nothing is rejected.
        ([0], 2, 0),
        ([HALF - 1], 2, 0),
        ([HALF], 2, 1),
        ([2**32 - 1], 2, 1),
        # Then one from 3: 0 alone is rejected, as often as it comes.
        ([0, 1], 3, 1),
        ([0, 0, 1], 3, 1),
        ([0, 0, 0, 0, HALF], 3, 0),
        ([0, THIRD], 3, 1),
        ([0, THIRD + 1], 3, 0),
        ([0, 2**32 - 1], 3, 2),
    ],
)
def test_bounded_integers_are_fair(values, n_samples, last):
    """D. Lemire's method, by hand: place k takes what place `other` held, and k goes there."""
    order = [0]
    draws = [value for k, value in enumerate(values) if k == 0 or value]
    for k, value in enumerate(draws, start=1):
        other = value * (k + 1) >> 32
        order.append(k)
        order[k], order[other] = order[other], k
    assert order[-1] == last
    assert last_sample(values, n_samples) == last
