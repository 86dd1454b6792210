"""A curve through noisy measurements by Levenberg-Marquardt, and what is left over."""

import numpy as np

from backprop_c import LevenbergMarquardt, Network

# A damped oscillation, measured with an error of 0.05.
rng = np.random.default_rng(0)
t = np.linspace(0, 4, 200)[:, np.newaxis]
truth = np.exp(-t / 2) * np.cos(4 * t)
measured = truth + rng.normal(scale=0.05, size=t.shape)

net = Network((1, 8, 1), random_state=0, l2=1e-6)
history = net.fit(t, measured, epochs=100, optimizer=LevenbergMarquardt())
residuals = measured - net.predict(t)

print(f"loss {history['loss'][0]:.3f} at first, {history['loss'][-1]:.6f} after 100 steps")
print(f"residuals: mean {residuals.mean():+.4f}, standard deviation {residuals.std():.3f}")
# Residuals that follow each other would say that the curve misses something.
following = np.corrcoef(residuals[:-1, 0], residuals[1:, 0])[0, 1]
print(f"correlation of neighbours {following:+.2f}")
print(f"distance from the truth {np.sqrt(((net.predict(t) - truth) ** 2).mean()):.3f}")
