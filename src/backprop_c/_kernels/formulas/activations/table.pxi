# The table of activations. An elementwise one is two formulas on lanes, its value a of z and its
# derivative, which turns delta from dloss/da into dloss/dz, and four functions that each name a
# formula and the loop that applies it: to (width, vectors) lanes of a block or of rows, or to a
# single row with one lane. Its entry says what the derivative reads. A derivative that can be told
# from a reads a: then z needs no memory.

cdef Activation[17] ACTIVATIONS
ACTIVATIONS[0] = Activation(
    b"identity", b"", c"-", True, False, -INFINITY, INFINITY, identity_forward, identity_backward,
    identity_row_forward, identity_row_backward)
ACTIVATIONS[1] = Activation(
    b"sigmoid", b"", c"a", True, False, 0, 1, sigmoid_forward, sigmoid_backward,
    sigmoid_row_forward, sigmoid_row_backward)
ACTIVATIONS[2] = Activation(
    b"tanh", b"", c"a", True, False, -1, 1, tanh_forward, tanh_backward, tanh_row_forward,
    tanh_row_backward)
ACTIVATIONS[3] = Activation(
    b"softsign", b"", c"a", True, False, -1, 1, softsign_forward, softsign_backward,
    softsign_row_forward, softsign_row_backward)
ACTIVATIONS[4] = Activation(
    b"hard_sigmoid", b"", c"a", True, False, 0, 1, hard_sigmoid_forward, hard_sigmoid_backward,
    hard_sigmoid_row_forward, hard_sigmoid_row_backward)
ACTIVATIONS[5] = Activation(
    b"hard_tanh", b"", c"a", True, False, -1, 1, hard_tanh_forward, hard_tanh_backward,
    hard_tanh_row_forward, hard_tanh_row_backward)
ACTIVATIONS[6] = Activation(
    b"relu", b"", c"a", True, False, 0, INFINITY, relu_forward, relu_backward, relu_row_forward,
    relu_row_backward)
ACTIVATIONS[7] = Activation(
    b"leaky_relu", b"slope", c"a", True, False, -INFINITY, INFINITY, leaky_relu_forward,
    leaky_relu_backward, leaky_relu_row_forward, leaky_relu_row_backward)
ACTIVATIONS[8] = Activation(
    b"elu", b"alpha", c"a", True, False, -INFINITY, INFINITY, elu_forward, elu_backward,
    elu_row_forward, elu_row_backward)
ACTIVATIONS[9] = Activation(
    b"selu", b"", c"a", True, False, -SELU_BOUND, INFINITY, selu_forward, selu_backward,
    selu_row_forward, selu_row_backward)
ACTIVATIONS[10] = Activation(
    b"softplus", b"", c"a", True, False, 0, INFINITY, softplus_forward, softplus_backward,
    softplus_row_forward, softplus_row_backward)
ACTIVATIONS[11] = Activation(
    b"gelu", b"", c"z", True, False, -0.17, INFINITY, gelu_forward, gelu_backward,
    gelu_row_forward, gelu_row_backward)
ACTIVATIONS[12] = Activation(
    b"gelu_tanh", b"", c"z", True, False, -0.171, INFINITY, gelu_tanh_forward, gelu_tanh_backward,
    gelu_tanh_row_forward, gelu_tanh_row_backward)
ACTIVATIONS[13] = Activation(
    b"silu", b"", c"z", True, False, -0.279, INFINITY, silu_forward, silu_backward,
    silu_row_forward, silu_row_backward)
ACTIVATIONS[14] = Activation(
    b"mish", b"", c"z", True, False, -0.309, INFINITY, mish_forward, mish_backward,
    mish_row_forward, mish_row_backward)
ACTIVATIONS[15] = Activation(
    b"exponential", b"", c"a", True, True, 0, INFINITY, exponential_forward, exponential_backward,
    exponential_row_forward, exponential_row_backward)
ACTIVATIONS[16] = Activation(
    b"softmax", b"", c"a", False, True, 0, 1, softmax_forward, softmax_backward, NULL, NULL)
