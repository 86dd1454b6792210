"""A trace laid out as a textbook would: line by line, from its numbers alone."""

LOSS_FORMULAS = {
    "squared_error": "1/2 sum (a - t)^2",
    "binary_cross_entropy": "-sum (t log a + (1 - t) log(1 - a))",
    "cross_entropy": "-sum t log a",
}


def _number(value):
    return f"{value:.10g}"


def _numbers(values):
    return ", ".join(map(_number, values))


def lines(trace):
    yield "Forward pass"
    for k, layer in enumerate(trace.layers):
        yield f"  layer {k + 1}, {layer.activation}"
        yield from _forward_lines(layer, "x" if k == 0 else f"a{k}")
    yield "Error"
    yield f"  target {_numbers(trace.target)}, prediction {_numbers(trace.prediction)}"
    formula = LOSS_FORMULAS.get(trace.loss_name, trace.loss_name)
    yield f"  loss = {formula} = {_number(trace.loss)}"
    yield "Backward pass: delta = dloss/dz"
    for k in range(len(trace.layers) - 1, -1, -1):
        yield f"  layer {k + 1}"
        if k + 1 == len(trace.layers):
            yield from _output_delta_lines(trace)
        else:
            yield from _hidden_delta_lines(trace.layers[k], trace.layers[k + 1])
    yield (f"Derivatives of the weights, and a step of {_number(trace.learning_rate)} against them")
    for k, layer in enumerate(trace.layers):
        yield f"  layer {k + 1}"
        yield from _step_lines(layer, "x" if k == 0 else f"a{k}", trace.learning_rate)
    yield "After the step"
    yield f"  prediction {_numbers(trace.new_prediction)}, loss {_number(trace.new_loss)}"


def _forward_lines(layer, source):
    for j, (z, a) in enumerate(zip(layer.z, layer.a, strict=True)):
        terms = [f"{source}[{i + 1}] w[{i + 1},{j + 1}]" for i in range(len(layer.x))]
        values = [
            f"{_number(x)} * {_number(w)}"
            for x, w in zip(layer.x, layer.weights[:, j], strict=True)
        ]
        if layer.biases is not None:
            terms.append(f"b[{j + 1}]")
            values.append(_number(layer.biases[j]))
        yield f"    z[{j + 1}] = {' + '.join(terms)} = {' + '.join(values)} = {_number(z)}"
        yield f"    a[{j + 1}] = {layer.activation}(z[{j + 1}]) = {_number(a)}"


def _output_delta_lines(trace):
    layer = trace.layers[-1]
    for j, delta in enumerate(layer.delta):
        error = f"(a[{j + 1}] - t[{j + 1}])"
        if trace.loss_name != "squared_error":
            formula = f"{error[1:-1]} = {_number(layer.a[j])} - {_number(trace.target[j])}"
        elif layer.slope is None:
            formula = "sum over k of (a[k] - t[k]) da[k]/dz[j]".replace("[j]", f"[{j + 1}]")
        else:
            difference = layer.a[j] - trace.target[j]
            formula = f"{error} f'(z[{j + 1}]) = {_number(difference)} * {_number(layer.slope[j])}"
        yield f"    delta[{j + 1}] = {formula} = {_number(delta)}"


def _hidden_delta_lines(layer, following):
    for i, delta in enumerate(layer.delta):
        values = " + ".join(
            f"{_number(d)} * {_number(w)}"
            for d, w in zip(following.delta, following.weights[i], strict=True)
        )
        yield (
            f"    delta[{i + 1}] = (sum over j of next delta[j] w[{i + 1},j]) f'(z[{i + 1}]) = "
            f"({values}) * {_number(layer.slope[i])} = {_number(delta)}"
        )


def _step_lines(layer, source, rate):
    for i in range(len(layer.x)):
        for j in range(len(layer.delta)):
            name = f"w[{i + 1},{j + 1}]"
            yield (
                f"    dloss/d{name} = {source}[{i + 1}] delta[{j + 1}] = {_number(layer.x[i])} * "
                f"{_number(layer.delta[j])} = {_number(layer.weights_gradient[i, j])};  "
                f"{name}: {_number(layer.weights[i, j])} - {_number(rate)} * "
                f"{_number(layer.weights_gradient[i, j])} = {_number(layer.new_weights[i, j])}"
            )
    if layer.biases is not None:
        for j, delta in enumerate(layer.delta):
            name = f"b[{j + 1}]"
            yield (
                f"    dloss/d{name} = delta[{j + 1}] = {_number(delta)};  "
                f"{name}: {_number(layer.biases[j])} - {_number(rate)} * {_number(delta)} = "
                f"{_number(layer.new_biases[j])}"
            )
