"""How activations are written."""

# name -> a, and da/dz; softmax's is da[k]/dz[j], where `same` is 1 for k = j and else 0.
# Names and numbers are put into the same text; between names " * " is left out. `base` is z in
# parentheses where it is negative; the other names are those of the activation's parameters.
ACTIVATION_FORMULAS = {
    "identity": ("{z}", "1"),
    "sigmoid": ("1 / (1 + exp({minus_z}))", "{a} * (1 - {a})"),
    "tanh": ("tanh({z})", "1 - {a}^2"),
    "relu": ("max(0, {z})", "1 where {z} > 0, else 0"),
    "leaky_relu": (
        "{z} where {z} > 0, else {slope} * {z}",
        "1 where {z} > 0, else {slope}",
    ),
    "elu": (
        "{z} where {z} > 0, else {alpha} * (exp({z}) - 1)",
        "1 where {z} > 0, else {a} + {alpha}",
    ),
    "selu": (
        "1.0507009873554805 * {z} where {z} > 0, else 1.7580993408473768 * (exp({z}) - 1)",
        "1.0507009873554805 where {z} > 0, else {a} + 1.7580993408473768",
    ),
    "softplus": ("log(1 + exp({z}))", "1 - exp(-{a})"),
    "softsign": ("{z} / (1 + abs({z}))", "(1 - abs({a}))^2"),
    "hard_sigmoid": ("min(1, max(0, ({z} + 3) / 6))", "1 / 6 where abs({z}) < 3, else 0"),
    "hard_tanh": ("min(1, max(-1, {z}))", "1 where abs({z}) < 1, else 0"),
    "silu": (
        "{z} / (1 + exp({minus_z}))",
        "1 / (1 + exp({minus_z})) + {a} / (1 + exp({z}))",
    ),
    "gelu_tanh": (
        "{z} * (1 + tanh(sqrt(2 / pi) * ({z} + 0.044715 * {z} * {z} * {z}))) / 2",
        "(1 + tanh(sqrt(2 / pi) * ({z} + 0.044715 * {z} * {z} * {z}))) / 2"
        " + {z} * (1 - tanh(sqrt(2 / pi) * ({z} + 0.044715 * {z} * {z} * {z}))^2) / 2"
        " * sqrt(2 / pi) * (1 + 0.134145 * {z} * {z})",
    ),
    "mish": (
        "{z} * tanh(log(1 + exp({z})))",
        "tanh(log(1 + exp({z}))) + {z} * (1 - tanh(log(1 + exp({z})))^2) / (1 + exp({minus_z}))",
    ),
    "gelu": (
        "{z} * erfc({minus_z} / sqrt(2)) / 2",
        "erfc({minus_z} / sqrt(2)) / 2 + {z} * exp(-{base}^2 / 2) / sqrt(2 * pi)",
    ),
    "exponential": ("exp({z})", "{a}"),
    "softmax": ("exp({z}) / ({sum_of_exp})", "{a} * ({same} - {a_j})"),
}
