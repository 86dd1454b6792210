"""Handwritten digits, 64-64-10, in mini-batches with dropout; needs scikit-learn for the data."""

import time

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from backprop_c import Adam, Network, schedules

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.25, random_state=0)

net = Network(
    (64, 64, 10),
    activations=("relu", "softmax"),
    loss="cross_entropy",
    dtype="float32",
    dropout=0.2,
    random_state=0,
)
start = time.perf_counter()
history = net.fit(
    X_train,
    y_train,
    epochs=60,
    batch_size=32,
    optimizer=Adam(schedules.Cosine(0.01)),
    metrics=["accuracy"],
)
seconds = time.perf_counter() - start

print(net)
print(f"{history.epochs} epochs in {seconds:.2f} s")
print(f"accuracy in training {history['accuracy'][-1]:.3f}")
accuracy = net.evaluate(X_test, y_test, metrics=["accuracy"])["accuracy"]
print(f"accuracy on {len(X_test)} other digits: {accuracy:.3f}")
