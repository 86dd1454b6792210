"""Handwritten digits, 64-32-10, in mini-batches; needs scikit-learn for the data."""

import time

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from backprop_c import SGD, Network

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.25, random_state=0)

net = Network(
    (64, 32, 10),
    activations=("relu", "softmax"),
    loss="cross_entropy",
    dtype="float32",
    random_state=0,
)
start = time.perf_counter()
history = net.fit(
    X_train,
    y_train,
    epochs=60,
    batch_size=32,
    optimizer=SGD(learning_rate=0.2),
    metrics=["accuracy"],
)
seconds = time.perf_counter() - start

print(net)
print(f"{history.epochs} epochs in {seconds:.2f} s")
print(f"accuracy in training {history['accuracy'][-1]:.3f}")
print(
    f"accuracy on {len(X_test)} other digits: "
    f"{net.evaluate(X_test, y_test, metrics=['accuracy'])['accuracy']:.3f}"
)
