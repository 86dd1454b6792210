"""Networks that settle, for several tests."""

from backprop_c import RecurrentNetwork

CLOSE = {"tolerance": 1e-13, "max_iterations": 3000}
DTYPES = ["float32", "float64"]
KINDS = {
    "plain": {},
    "anderson": {"solver": "anderson"},
    "damped": {"damping": 0.6},
    "damped anderson": {"solver": "anderson", "damping": 0.6, "memory": 3},
    "mixed": {"solver": "anderson", "backward_solver": "relaxation"},
    "no biases": {"biases": False},
    "symmetric": {"symmetric": True},
    "readout": {"output_activation": "identity"},
    "readout without biases": {"output_activation": "tanh", "biases": False},
    "sigmoid": {"activation": "sigmoid"},
    "softplus, which reads z": {"activation": "softplus", "output_activation": "identity"},
    "softsign": {"activation": "softsign"},
}


def problem(rng, n_inputs=3, n_units=7, n_outputs=2, n_samples=9, **options):
    """A network that settles, and samples for it; masks, where `masked`, at random."""
    if options.pop("masked", False):
        between = rng.random((n_units, n_units)) < 0.5
        if options.get("symmetric"):
            between |= between.T
        options["connections"] = between
        options["input_connections"] = rng.random((n_inputs, n_units)) < 0.6
    net = RecurrentNetwork(n_inputs, n_units, n_outputs, random_state=rng.integers(1000), **options)
    net.parameters[:] += 0.03 * rng.normal(size=net.parameters.size)
    X = rng.normal(size=(n_samples, n_inputs)).astype(net.dtype)
    y = rng.uniform(0.1, 0.9, size=(n_samples, n_outputs)).astype(net.dtype)
    return net, X, y


def made(rng, sizes=(2, 4, 2), **options):
    """A network whose biases are not 0."""
    net = RecurrentNetwork(*sizes, random_state=3, **options)
    for biases in (net.biases, net.readout_biases):
        if biases is not None:
            biases[:] = rng.normal(size=biases.shape)
    return net


def three_units(**options):
    """Three units with one input and simple weights."""
    net = RecurrentNetwork(1, 3, 1, **options)
    net.input_weights[:] = [[0.5, -0.25, 1.0]]
    net.recurrent_weights[:] = [[0.0, 0.5, 0.25], [-0.5, 0.0, 0.5], [0.25, -0.5, 0.0]]
    return net
