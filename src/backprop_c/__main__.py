"""``python -m backprop_c`` is the command ``backprop-c``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
