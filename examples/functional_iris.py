"""The Iris tutorial in building blocks: above each line, as a comment, what NumPy would do.

A 4-2-3 network of sigmoid units without biases, trained by the full batch. The numbers at the end
are those of NumPy's loop, and of `Network.fit`.
"""

import numpy as np

from backprop_c import SGD
from backprop_c.demo import iris_network, numpy_sigmoid, split_iris
from backprop_c.functional import (
    activate,
    dense_backward,
    dense_forward,
    derivative,
    loss_and_delta,
    update,
)

EPOCHS, RATE = 5000, 0.1
X, y, X_test, y_test = split_iris()
first, second = (weights.copy() for weights in iris_network().weights)
numpys = [first.copy(), second.copy()]
optimizer, first_state, second_state = SGD(RATE), None, None

for epoch in range(EPOCHS):
    # z_hidden = X @ first
    z_hidden = dense_forward(X, first)
    # hidden = 1 / (1 + np.exp(-z_hidden))
    hidden = activate("sigmoid", z_hidden)
    # z_outputs = hidden @ second
    z_outputs = dense_forward(hidden, second)
    # error = 1 / (1 + np.exp(-z_outputs)) - y
    # loss = 0.5 * (error**2).sum() / len(X)
    # delta = error * outputs * (1 - outputs) / len(X)
    loss, delta = loss_and_delta("squared_error", "sigmoid", z_outputs, y)
    # second_gradient, hidden_gradient = hidden.T @ delta, delta @ second.T
    second_gradient, _, hidden_gradient = dense_backward(hidden, second, delta, biases_out=False)
    # delta_hidden = hidden_gradient * hidden * (1 - hidden)
    delta_hidden = hidden_gradient * derivative("sigmoid", z_hidden)
    # first_gradient = X.T @ delta_hidden
    first_gradient, _, _ = dense_backward(X, first, delta_hidden, None, False, False)
    # second -= RATE * second_gradient
    second_state = update(optimizer, second, second_gradient, second_state)
    # first -= RATE * first_gradient
    first_state = update(optimizer, first, first_gradient, first_state)
    if epoch in (0, EPOCHS - 1):
        print(f"epoch {epoch + 1}: loss {loss:.12f}")

values = numpy_sigmoid(numpys, X, y, RATE, EPOCHS)
difference = max(abs(first - numpys[0]).max(), abs(second - numpys[1]).max())
outputs = activate(
    "sigmoid", dense_forward(activate("sigmoid", dense_forward(X_test, first)), second)
)
print(f"NumPy's last loss: {1.5 * values['mse'][-1]:.12f}")
print(f"largest difference in any weight: {difference:.0e}")
print(f"test flowers: {(outputs.argmax(axis=1) == y_test.argmax(axis=1)).mean():.2f}")
assert np.isclose(loss, 1.5 * values["mse"][-1], rtol=1e-10)
