from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import Engine
from .measures import MetricSet
from .own_loss import LossCaller

def evaluate(
    engine: Engine,
    metrics: MetricSet,
    gradient_wanted: bool,
    own_loss: LossCaller | None = None,
) -> tuple[NDArray[np.float64], Any]: ...
