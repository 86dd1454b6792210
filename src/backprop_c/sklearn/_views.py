"""Lists of a network's arrays, to be read and written as scikit-learn's users do."""

import numpy as np


class Views(list):
    """A list of views of a network's parameters: what is assigned to an entry is copied into it."""

    def __setitem__(self, place, value):
        views, arrays = ([self[place]], [value]) if isinstance(place, int) else (self[place], value)
        expected, came = [view.shape for view in views], [np.shape(array) for array in arrays]
        if came != expected:
            raise ValueError(
                f"arrays of the shapes {', '.join(map(str, expected))} are needed, but came "
                f"{', '.join(map(str, came))}"
            )
        for view, array in zip(views, arrays, strict=True):
            view[...] = array

    def __reduce__(self):
        # A copy is a plain list: it belongs to no network.
        return list, (list(map(np.copy, self)),)
