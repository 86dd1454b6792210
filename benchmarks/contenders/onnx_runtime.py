"""onnxruntime: a session for a model made from the weights."""

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import work
from pinning import threads

OPSET, IR_VERSION = 17, 8
OPERATORS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "softmax": "Softmax"}


def model_of(problem):
    """Gemm and activation, layer by layer."""
    nodes, constants, at = [], [], "x"
    case, names = problem.case, problem.activations
    for layer, (W, b, name) in enumerate(zip(case.weights, case.biases, names, strict=True)):
        constants += [
            numpy_helper.from_array(W, f"W{layer}"),
            numpy_helper.from_array(b, f"b{layer}"),
        ]
        nodes += [
            helper.make_node("Gemm", [at, f"W{layer}", f"b{layer}"], [f"z{layer}"]),
            helper.make_node(OPERATORS[name], [f"z{layer}"], [f"a{layer}"]),
        ]
        at = f"a{layer}"
    shapes = ("x", problem.layer_sizes[0]), (at, problem.layer_sizes[-1])
    inputs, outputs = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])
        for name, width in shapes
    )
    graph = helper.make_graph(nodes, "network", [inputs], [outputs], constants)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)


def prediction(problem):
    """Everything."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(
        model_of(problem).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    x = problem.case.X.reshape(-1, problem.layer_sizes[0])
    return work.Call("run(None, feed)[0]", {"run": session.run, "feed": {"x": x}})
