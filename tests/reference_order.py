"""The order that an epoch takes its samples in, drawn in plain Python."""

import numpy as np


def permutation(generator, n):
    """The order that the package draws: a shuffle inside out, over Lemire's bounded integers."""
    interface = generator.bit_generator.ctypes
    order = np.arange(n)
    for k in range(1, n):
        bound = k + 1
        product = interface.next_uint32(interface.state) * bound
        if product % 2**32 < bound:
            while product % 2**32 < (2**32 - bound) % bound:
                product = interface.next_uint32(interface.state) * bound
        other = product >> 32
        order[k] = order[other]
        order[other] = k
    return order
