"""Two classes, one of them rare: class_weight="balanced" gives both the same say."""

import numpy as np

from backprop_c import Network


def draw(rng, n):
    """One sample in twenty is of the class 1, and the classes overlap."""
    labels = (rng.random(n) < 0.05).astype(int)
    return rng.normal(size=(n, 2)) + 1.5 * labels[:, np.newaxis], labels


rng = np.random.default_rng(0)
X, y = draw(rng, 2000)
X_test, y_test = draw(rng, 20_000)
for class_weight in (None, "balanced"):
    net = Network((2, 8, 2), loss="cross_entropy", random_state=0)
    net.fit(X, y, epochs=60, class_weight=class_weight)
    found = net.predict(X_test).argmax(axis=1)
    shares = [(found == y_test)[y_test == k].mean() for k in (0, 1)]
    print(
        f"class_weight={class_weight!r:<11} found of the common class {shares[0]:.2f}, "
        f"of the rare one {shares[1]:.2f}"
    )
