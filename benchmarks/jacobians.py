"""Jacobians beside torch.func's, and beside a fill of as much memory.

    python benchmarks/jacobians.py [--write]

Networks have tanh hidden units and identity outputs; results go to an array that is there. They
take turns; times are medians of processor time. First all must agree.
"""

import argparse
import statistics
import time
import warnings

import pinning
import records

ROUNDS, SECONDS = 15, 0.02
# Rows, layers, and derivatives by what.
WORKS = [
    (1, (4, 16, 3), "inputs"),
    (256, (8, 16, 4), "inputs"),
    *[(rows, (64, 32, 10), "parameters") for rows in (1, 32, 256)],
]


def by_torch(net, X, of):
    """The same derivatives by vmap and jacrev, in PyTorch's tensors, laid out as ours."""
    import torch
    from torch.func import jacrev, vmap

    layers = [
        (torch.from_numpy(weights.copy()), torch.from_numpy(biases.copy()))
        for weights, biases in zip(net.weights, net.biases, strict=True)
    ]
    flat = torch.from_numpy(net.parameters.copy())

    def outputs(layers, x):
        for weights, biases in layers[:-1]:
            x = torch.tanh(x @ weights + biases)
        return x @ layers[-1][0] + layers[-1][1]

    def of_flat(flat, x):
        sizes = [one.numel() for pair in layers for one in pair]
        parts = iter(torch.split(flat, sizes))
        return outputs([(next(parts).view_as(w), next(parts)) for w, _ in layers], x)

    samples = torch.from_numpy(X)
    if of == "inputs":
        derive = vmap(jacrev(lambda x: outputs(layers, x)))
        return lambda: derive(samples)
    derive = vmap(jacrev(of_flat), in_dims=(None, 0))
    return lambda: derive(flat, samples)


def microseconds(calls):
    """Medians of those that take turns."""
    repeats = []
    for call in calls:
        call()
        before = time.process_time()
        for _ in range(3):
            call()
        repeats.append(max(1, int(3 * SECONDS / max(time.process_time() - before, 1e-9))))
    taken = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, many, times in zip(calls, repeats, taken, strict=True):
            before = time.process_time()
            for _ in range(many):
                call()
            times.append((time.process_time() - before) / many)
    return [1e6 * statistics.median(times) for times in taken]


def rows_of(dtype):
    """A row of results for each work."""
    import numpy as np

    import measure
    from backprop_c import Network
    from backprop_c._kernels import level

    for n_rows, sizes, of in WORKS:
        net = Network(sizes, dtype=dtype, random_state=0)
        X = np.random.default_rng(0).normal(size=(n_rows, sizes[0])).astype(dtype)
        out = np.empty_like(net.jacobian(X, of=of))
        torch_call = by_torch(net, X, of)
        np.testing.assert_allclose(torch_call().numpy(), net.jacobian(X, of=of), atol=1e-4)
        x, result = (X[0], out[0]) if n_rows == 1 else (X, out)
        ours, torch_us, fill_us = microseconds(
            [
                lambda net=net, x=x, result=result, of=of: net.jacobian(x, result, of=of),
                torch_call,
                lambda result=result: result.fill(1),
            ]
        )
        yield {
            "rows": n_rows,
            "layers": "-".join(map(str, sizes)),
            "of": of,
            "dtype": dtype,
            "ours_us": round(ours, 3),
            "torch_us": round(torch_us, 3),
            "fill_us": round(fill_us, 3),
            "level": level,
            **measure.about(),
        }


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"to results/{records.JACOBIANS}")
    asked = parser.parse_args()
    pinning.pin(1)
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rows = []
    for dtype in ("float64", "float32"):
        for row in rows_of(dtype):
            rows.append(row)
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if asked.write:
        records.write_jacobians(rows)


if __name__ == "__main__":
    main()
