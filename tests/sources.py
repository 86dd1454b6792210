"""Where the project's files are, for the tests that read them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def need(*names):
    """Skip the calling module where one of these files of the project has not been copied.

    Beside an installed wheel there may be only the tests, and an sdist has no workflows.
    """
    missing = [name for name in names if not (ROOT / name).exists()]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}", allow_module_level=True)
