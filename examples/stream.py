"""Learning from a stream: one row at a time, while what is to be learned changes."""

import numpy as np

from backprop_c import SGD, Network

rng = np.random.default_rng(0)
net = Network((2, 16, 1), dtype="float32", random_state=0)
net.optimizer = SGD(0.05)

errors = []
for step in range(60_000):
    x = rng.uniform(-1, 1, 2).astype("float32")
    # After half of the stream the process behaves in another way.
    target = x[0] * x[1] if step < 30_000 else x[0] - x[1] ** 2
    # The loss is that before the step: it tells how well the row was predicted.
    errors.append(net.train_step(x, target))

for name, rows in {
    "at the beginning": slice(0, 1000),
    "before the change": slice(29_000, 30_000),
    "after the change": slice(30_000, 30_100),
    "at the end": slice(59_000, 60_000),
}.items():
    print(f"error {name}: {np.sqrt(2 * np.mean(errors[rows])):.3f}")
