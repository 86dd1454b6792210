"""XOR, the smallest problem that needs a hidden layer, trained online."""

import numpy as np

from backprop_c import SGD, Network

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0.0, 1.0, 1.0, 0.0])

net = Network((2, 2, 1), activations="sigmoid", loss="binary_cross_entropy", random_state=1)
history = net.fit(
    X, y, epochs=3000, batch_size=1, optimizer=SGD(learning_rate=0.5), metrics=["accuracy"]
)

print(net)
print(f"loss {history['loss'][0]:.3f} -> {history['loss'][-1]:.4f}")
for x, target, output in zip(X, y, net.predict(X)[:, 0], strict=True):
    print(f"{x[0]:.0f} xor {x[1]:.0f} = {target:.0f}: {output:.4f}")
