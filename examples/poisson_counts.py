"""Counts: Poisson's loss with exponential outputs, whose predictions are the expected counts."""

import numpy as np

from backprop_c import Network, schedules
from backprop_c.optimizers import Adam

rng = np.random.default_rng(0)
hour = rng.uniform(0, 24, size=3000)
expected = 3 + 2.5 * np.sin(2 * np.pi * hour / 24)
calls = rng.poisson(expected)

angle = 2 * np.pi * hour / 24
X = np.column_stack([np.sin(angle), np.cos(angle)])
net = Network((2, 8, 1), loss="poisson", random_state=0)
net.fit(X, calls, epochs=60, optimizer=Adam(schedules.Cosine(0.02)))

predicted = net.predict(X)[:, 0]
print(f"outputs: {net.activations[-1]}")
for at in (6, 12, 18, 24):
    near = abs(hour - at) < 0.5
    print(
        f"around {at:2d} h: {predicted[near].mean():.2f} calls, truly {expected[near].mean():.2f}"
    )
print(f"mean of calls {calls.mean():.2f}, of predictions {predicted.mean():.2f}")
