"""Noisy data: some targets are far off. Huber's loss lets them pull less than the squared error."""

import numpy as np

from backprop_c import Network, losses, schedules
from backprop_c.optimizers import Adam

rng = np.random.default_rng(0)
X = rng.uniform(-3, 3, size=(400, 1))
truth = np.sin(X[:, 0])
y = truth + 0.1 * rng.normal(size=400)
outliers = rng.random(400) < 0.1
y[outliers] += rng.normal(4, 2, size=outliers.sum())

X_test = np.linspace(-3, 3, 200)[:, np.newaxis]
print(f"{outliers.sum()} of 400 targets are far off")
for loss in (losses.SquaredError(), losses.Huber(delta=0.2), losses.AbsoluteError()):
    net = Network((1, 24, 1), loss=loss, random_state=0)
    net.fit(X, y, epochs=300, optimizer=Adam(schedules.Cosine(0.02)))
    error = net.predict(X_test)[:, 0] - np.sin(X_test[:, 0])
    print(f"{loss!r:<18} distance to the sine: {np.sqrt((error**2).mean()):.3f}")
