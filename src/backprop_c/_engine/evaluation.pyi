from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import Engine
from .own_loss import LossCaller
from .samples import SampleSet

def evaluate(
    engine: Engine,
    samples: SampleSet,
    metrics: tuple[int, ...],
    gradient_wanted: bool,
    own_loss: LossCaller | None = None,
) -> tuple[NDArray[np.float64], Any]: ...
