"""FANN, the C library, by ctypes: Debian's libfann."""

import ctypes
from itertools import pairwise

import numpy as np
from numpy.ctypeslib import as_array, ndpointer

import work

SIGMOID, INCREMENTAL, BATCH, LINEAR_ERROR = 3, 0, 1, 0  # fann_data.h
STEEPNESS = 0.5  # FANN's sigmoid is 1 / (1 + exp(-2 * steepness * z))
# fann_type is float or double; the names of the functions are the same.
LIBRARIES = {"float32": "libfloatfann.so.2", "float64": "libdoublefann.so.2"}
REALS = {"float32": ctypes.c_float, "float64": ctypes.c_double}


def declared(dtype):
    """The library for a dtype, with the functions' types; OSError if it is not installed."""
    library, real = ctypes.CDLL(LIBRARIES[dtype]), REALS[dtype]
    pointer, uint = ctypes.c_void_p, ctypes.c_uint
    rows = ctypes.CFUNCTYPE(None, uint, uint, uint, ctypes.POINTER(real), ctypes.POINTER(real))
    signatures = {
        "create_standard_array": (pointer, uint, ndpointer(np.uint32)),
        "create_train_from_callback": (pointer, uint, uint, uint, rows),
        "set_activation_function_hidden": (None, pointer, ctypes.c_int),
        "set_activation_function_output": (None, pointer, ctypes.c_int),
        "set_activation_steepness_hidden": (None, pointer, real),
        "set_activation_steepness_output": (None, pointer, real),
        "set_training_algorithm": (None, pointer, ctypes.c_int),
        "set_train_error_function": (None, pointer, ctypes.c_int),
        "set_learning_rate": (None, pointer, ctypes.c_float),
        "set_weight_array": (None, pointer, pointer, uint),
        "get_connection_array": (None, pointer, pointer),
        "get_total_connections": (uint, pointer),
        "train_on_data": (None, pointer, pointer, uint, uint, ctypes.c_float),
        "clear_train_arrays": (None, pointer),
        "get_MSE": (ctypes.c_float, pointer),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(library, f"fann_{name}")
        function.restype, function.argtypes = result, arguments
    return library, rows


FLOAT = declared("float32")
DOUBLE = declared("float64")


def connections_of(library, net, dtype):
    """A network's connections: source, target and weight."""
    connection = np.dtype(
        [("source", np.uint32), ("target", np.uint32), ("weight", dtype)], align=True
    )
    connections = np.zeros(library.fann_get_total_connections(net), connection)
    library.fann_get_connection_array(net, connections.ctypes.data)
    return connections


def places_of(connections, sizes, biases):
    """For each connection, its place in our flat parameters; -1 for biases that are not ours.

    Neurons are numbered layer by layer, each layer's bias last.
    """
    found, first, at = {}, 0, 0
    for n_in, n_out in pairwise(sizes):
        after = first + n_in + 1
        for i in range(n_in + 1):
            for j in range(n_out):
                ours = i < n_in or biases
                found[first + i, after + j] = at + i * n_out + j if ours else -1
        first, at = after, at + (n_in + biases) * n_out
    pairs = zip(connections["source"], connections["target"], strict=True)
    return np.array([found[pair] for pair in pairs])


class Training(work.Training):
    """All epochs in one call; sigmoid layers, squared error, online or full batch."""

    def __init__(self, problem):
        super().__init__(problem)
        case = self.case
        self.library, rows = {"float32": FLOAT, "float64": DOUBLE}[problem.dtype]
        sizes = np.array(problem.layer_sizes, np.uint32)
        self.net = self.library.fann_create_standard_array(len(sizes), sizes)
        for layers in ("hidden", "output"):
            self.set(f"activation_function_{layers}", SIGMOID)
            self.set(f"activation_steepness_{layers}", STEEPNESS)
        self.set("training_algorithm", INCREMENTAL if problem.batch_size == 1 else BATCH)
        self.set("train_error_function", LINEAR_ERROR)
        self.set("learning_rate", problem.learning_rate)

        def fill(row, n_in, n_out, x, t):
            as_array(x, (n_in,))[:] = case.X[row]
            as_array(t, (n_out,))[:] = case.y[row]

        self.data = self.library.fann_create_train_from_callback(
            len(case.X), sizes[0], sizes[-1], rows(fill)
        )
        self.connections = connections_of(self.library, self.net, problem.dtype)
        self.places = places_of(self.connections, problem.layer_sizes, len(case.biases) > 0)
        self.start = self.connections.copy()
        self.start["weight"] = self.ordered(np.append(case.parameters, 0))

    def set(self, name, value):
        """One of the network's settings."""
        getattr(self.library, f"fann_set_{name}")(self.net, value)

    def ordered(self, parameters):
        """Flat parameters in the order of the connections."""
        return parameters[self.places]

    def train(self, epochs, shuffle):
        library, net, count = self.library, self.net, len(self.start)
        library.fann_set_weight_array(net, self.start.ctypes.data, count)
        library.fann_train_on_data(net, self.data, epochs, 0, 0.0)
        loss = library.fann_get_MSE(net) * self.case.y.shape[1] / 2
        library.fann_get_connection_array(net, self.connections.ctypes.data)
        comparable = len(self.case.biases) > 0
        parameters = None
        if comparable:
            parameters = np.empty_like(self.case.parameters)
            parameters[self.places] = self.connections["weight"]
        return work.Outcome(np.array([loss], np.float32), parameters, comparable)


def training(problem):
    """Sigmoid layers and the squared error."""
    return Training(problem) if set(problem.activations) == {"sigmoid"} else None
