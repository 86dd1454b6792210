"""The format of pickles: its number stands first in each of them."""

from ._version import __version__

# One more whenever what a pickle holds changes so that an older version would not understand it.
# Pickles without a number, of version 0.1.0 and before, are format 0.
FORMAT = 1


class Format:
    """The number of a pickle's format, and the version that wrote it.

    It is the first thing that is loaded. So a pickle of a later format is refused before anything
    else of it is looked at: it may name classes that this version does not have.

    Parameters
    ----------
    number : int
    version : str

    Raises
    ------
    ValueError
        If this version cannot read the format.
    """

    def __init__(self, number: int = FORMAT, version: str = __version__) -> None:
        if number not in range(1, FORMAT + 1):
            raise ValueError(
                f"this pickle was written by backprop_c {version} in format {number}, but "
                f"backprop_c {__version__} reads formats 0 to {FORMAT}: load it with backprop_c "
                f"{version} or later"
            )
        self.number = number
        self.version = version

    def __reduce__(self):
        return Format, (self.number, self.version)
