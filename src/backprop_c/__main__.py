"""``python -m backprop_c`` is the command ``backprop-c``."""

import sys

from .cli import main

sys.exit(main())
