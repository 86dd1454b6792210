"""XOR without a hidden layer: four units that feed each other until they settle.

Every unit reads both inputs and the values of all four units. The last unit is the output. The
error is sent back through the same connections, until it has settled, too.
"""

import numpy as np

from backprop_c import Adam, RecurrentNetwork

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0.0, 1.0, 1.0, 0.0])

net = RecurrentNetwork(2, 4, 1, activation="sigmoid", random_state=0)
history = net.fit(X, y, epochs=300, optimizer=Adam(0.1))
print(net)
for epoch in (1, 100, 300):
    loss, settled, iterations = (history[k][epoch - 1] for k in ("loss", "settled", "iterations"))
    print(f"epoch {epoch:3}: loss {loss:.4f}, settled {settled:.0%}, {iterations:.1f} iterations")

units, found = net.settle(X, return_info=True)
for x, target, output, n in zip(X, y, units[:, -1], found["iterations"], strict=True):
    print(f"{x[0]:.0f} xor {x[1]:.0f} = {target:.0f}: {output:.4f} after {n} iterations")

# What settling is: the same in NumPy.
s = np.zeros((4, 4))
for _ in range(found["iterations"].max()):
    s = 1 / (1 + np.exp(-(X @ net.input_weights + s @ net.recurrent_weights + net.biases)))
print(f"the same in NumPy differs by less than 1e-5: {np.abs(s - units).max() < 1e-5}")

# Where no unit feeds another, the output sees the inputs alone, and stays near one half.
alone = RecurrentNetwork(
    2, 4, 1, activation="sigmoid", connections=np.zeros((4, 4), bool), random_state=0
)
history = alone.fit(X, y, epochs=300, optimizer=Adam(0.1))
print(f"without connections between the units: loss {history['loss'][-1]:.4f}")
