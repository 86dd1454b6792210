"""Node voltages of a circuit, learned by a network that settles as the circuit does.

Six nodes in a row are joined by resistors. At each node a current flows in, and a pair of diodes
leads to ground. Newton's method finds the voltages to learn from. The recurrent network has two
units for each node. They read the current of their own node, and are fed by the units of that node
and of its neighbours. So it is told which nodes are joined; the other networks are not.
"""

import numpy as np

from backprop_c import LBFGS, Network, RecurrentNetwork

N, SATURATION, THERMAL = 6, 0.02, 0.25  # nodes; amperes and volts of the diodes


def voltages(currents):
    """Kirchhoff's law at each node: what flows in flows out, by resistors of 1 ohm or diodes."""
    resistors = 2 * np.eye(N) - np.eye(N, k=1) - np.eye(N, k=-1)
    resistors[0, 0] = resistors[-1, -1] = 1
    v = np.zeros_like(currents)
    for _ in range(100):
        excess = v @ resistors + SATURATION * np.sinh(v / THERMAL) - currents
        slopes = SATURATION / THERMAL * np.cosh(v / THERMAL)
        jacobians = resistors + slopes[:, :, np.newaxis] * np.eye(N)
        step = np.linalg.solve(jacobians, excess[:, :, np.newaxis])[:, :, 0]
        v -= np.clip(step, -0.2, 0.2)
    assert np.abs(step).max() < 1e-9
    return v


rng = np.random.default_rng(0)
X, X_test = rng.uniform(-1, 1, size=(200, N)), rng.uniform(-1, 1, size=(1000, N))
y, y_test = voltages(X), voltages(X_test)

node = np.repeat(np.arange(N), 2)  # of each unit
near = np.abs(node[:, np.newaxis] - node) <= 1
own = np.arange(N)[:, np.newaxis] == node
common = {"output_activation": "identity", "solver": "anderson", "random_state": 0}
ladder = RecurrentNetwork(N, 2 * N, N, connections=near, input_connections=own, **common)
full = RecurrentNetwork(N, 8, N, **common)
masked = (~near).sum() + (~own).sum()  # weights without a connection
print(f"voltages from {y.min():.2f} to {y.max():.2f}")
for name, net, n_parameters, epochs in (
    ("recurrent, neighbours only", ladder, ladder.parameters.size - masked, 300),
    ("recurrent, all connected", full, full.parameters.size, 300),
    ("feed-forward 6-12-6", Network((N, 12, N), random_state=0), 162, 300),
    ("the same, 10 times as long", Network((N, 12, N), random_state=0), 162, 3000),
):
    history = net.fit(X, y, epochs=epochs, optimizer=LBFGS())
    error = np.sqrt(((net.predict(X_test) - y_test) ** 2).mean())
    r2 = net.evaluate(X_test, y_test, metrics=["r2"])["r2"]
    print(f"{name:26}: {n_parameters} parameters, error {error:.4f} volts, r2 {r2:.5f}")
settled, iterations = (ladder.history[k] for k in ("settled", "iterations"))
print(f"settled {settled.min():.0%} of the samples, at last in {iterations[-1]:.0f} iterations")
