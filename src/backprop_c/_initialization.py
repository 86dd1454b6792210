"""Fresh weights: drawn part by part, so that a large network has no second copy of them."""

import numpy as np

DRAWS_AT_A_TIME = 65536


def draw_weights(weights, is_rectifier, generator):
    """Fill a layer's weights, uniform within Glorot's limit, or before rectifiers within He's.

    The draws are of float64 whatever the dtype: the same for both, rounded.
    """
    n_in, n_out = weights.shape
    limit = np.sqrt(6 / (n_in if is_rectifier else n_in + n_out))
    flat = weights.reshape(-1)
    for start in range(0, flat.size, DRAWS_AT_A_TIME):
        part = flat[start : start + DRAWS_AT_A_TIME]
        part[:] = generator.uniform(-limit, limit, part.size)
