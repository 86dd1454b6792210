"""scikit-learn's multi-layer perceptrons, trained by this package.

Change the import, and the same parameters, methods and attributes are there. It needs scikit-learn,
which comes with the extra "sklearn".
"""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError(
        'backprop_c.sklearn needs scikit-learn, which comes with the extra "sklearn": '
        'pip install "backprop_c[sklearn]"'
    )

from ._classifier import MLPClassifier
from ._conversion import from_sklearn, to_sklearn
from ._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "from_sklearn", "to_sklearn"]
