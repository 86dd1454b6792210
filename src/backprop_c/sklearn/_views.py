"""Lists of a network's arrays, to be read and written as scikit-learn's users do."""

import numpy as np


class Views(list):
    """A list of views of a network's parameters: what is assigned to an entry is copied into it."""

    def __setitem__(self, place, value):
        for view, array in zip(
            *((self[place], value) if isinstance(place, slice) else ([self[place]], [value])),
            strict=True,
        ):
            if np.shape(array) != view.shape:
                raise ValueError(f"an array of shape {view.shape} is needed, not {np.shape(array)}")
            view[...] = array

    def __reduce__(self):
        # A copy is a plain list: it belongs to no network.
        return list, (list(map(np.copy, self)),)
