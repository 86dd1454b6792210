"""Quantile bands: between the two outputs lie eight in ten of the targets, wherever they spread."""

import numpy as np

from backprop_c import Network, losses, schedules
from backprop_c.optimizers import Adam


def draw(rng, n):
    """Targets around a line, which spread the more the larger x is."""
    x = rng.uniform(0, 1, size=(n, 1))
    return x, 2 * x[:, 0] + (0.1 + x[:, 0]) * rng.normal(size=n)


rng = np.random.default_rng(0)
X, y = draw(rng, 4000)
X_test, y_test = draw(rng, 4000)
bands = {}
for quantile in (0.1, 0.9):
    net = Network((1, 16, 1), loss=losses.Quantile(quantile), random_state=0)
    net.fit(X, y, epochs=60, optimizer=Adam(schedules.Cosine(0.01)))
    bands[quantile] = net.predict(X_test)[:, 0]

inside = (bands[0.1] < y_test) & (y_test < bands[0.9])
width = bands[0.9] - bands[0.1]
for low, high in ((0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)):
    here = (X_test[:, 0] >= low) & (X_test[:, 0] < high)
    print(f"x from {low:.2f}: band {width[here].mean():.2f} wide, {inside[here].mean():.2f} inside")
print(f"new targets inside the band: {inside.mean():.2f}")
