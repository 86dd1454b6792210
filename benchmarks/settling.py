"""Networks that settle, beside the same loops in NumPy, PyTorch and JAX, written by hand.

    python benchmarks/settling.py [--write]

A step of plain gradient descent on the full batch: 30 iterations forward and 30 backward, the
largest change computed in each, then the gradient and the update, in float32, one thread. All come
to the same loss after some steps, or the run stops. The contenders take turns; times are medians.
A row: one sample of 8 units, 20 iterations, from Python. Last comes XOR: from how many random
states four units learn it, and in how many epochs something does not settle.
"""

import argparse

import pinning

RATE, ITERATIONS, N_INPUTS = 0.05, 30, 8
# (units, samples, outputs, steps in a turn)
SIZES = ((16, 32, 4, 1000), (32, 64, 4, 200), (64, 64, 8, 100), (128, 128, 8, 30))
ROUNDS = 21
# XOR: (units, options), Adam's rates, and the loss that is to be reached.
XOR_KINDS = (
    ("tanh", {}),
    ("tanh", {"damping": 0.5}),
    ("tanh", {"solver": "anderson"}),
    ("sigmoid", {}),
    ("sigmoid", {"solver": "anderson"}),
)
XOR_RATES, XOR_GOAL = (0.02, 0.1), 0.01


def problem(n_units, n_samples, n_outputs):
    """A network, samples and targets."""
    import numpy as np

    from backprop_c import RecurrentNetwork

    rng = np.random.default_rng(0)
    net = RecurrentNetwork(
        N_INPUTS,
        n_units,
        n_outputs,
        dtype="float32",
        random_state=0,
        tolerance=0.0,
        max_iterations=ITERATIONS,
    )
    X = rng.normal(size=(n_samples, N_INPUTS)).astype("f4")
    y = rng.uniform(-0.5, 0.5, size=(n_samples, n_outputs)).astype("f4")
    return net, X, y


def ours(net, X, y):
    """The fit; it goes on from where it stands."""
    from backprop_c import SGD

    optimizer = SGD(learning_rate=RATE)

    def train(steps):
        history = net.fit(X, y, epochs=steps, batch_size=None, optimizer=optimizer)
        return history["loss"][-1]

    return train


def by_numpy(net, X, y):
    """As few calls as it takes."""
    import numpy as np

    u, w, b = (part.copy() for part in (net.input_weights, net.recurrent_weights, net.biases))
    n, n_outputs = len(X), y.shape[1]
    s, other, z, errors = (np.empty((n, len(w)), "f4") for _ in range(4))
    seed = np.zeros((n, len(w)), "f4")

    def train(steps):
        nonlocal u, w, b, s, other
        for _ in range(steps):
            drive = X @ u
            drive += b
            s[:] = 0
            for _ in range(ITERATIONS):
                np.matmul(s, w, out=other)
                np.add(other, drive, out=other)
                np.tanh(other, out=other)
                np.subtract(other, s, out=z)
                np.abs(z, out=z).max()
                s, other = other, s
            error = s[:, -n_outputs:] - y
            flat = error.ravel()
            loss = 0.5 * float(flat @ flat) / n
            slopes = 1 - s * s
            seed[:, -n_outputs:] = slopes[:, -n_outputs:] * error / n
            back, found = errors, other
            back[:] = seed
            for _ in range(ITERATIONS):
                np.matmul(back, w.T, out=found)
                np.multiply(found, slopes, out=found)
                np.add(found, seed, out=found)
                np.subtract(found, back, out=z)
                np.abs(z, out=z).max()
                back, found = found, back
            by_u, by_w, by_b = X.T @ back, s.T @ back, back.sum(axis=0)
            u -= RATE * by_u
            w -= RATE * by_w
            b -= RATE * by_b
        return loss

    return train


def by_pytorch(net, X, y):
    """Without autograd, which would unroll."""
    import torch

    torch.set_num_threads(1)
    u, w, b = (
        torch.tensor(part) for part in (net.input_weights, net.recurrent_weights, net.biases)
    )
    X, y = torch.tensor(X), torch.tensor(y)
    n, n_outputs = len(X), y.shape[1]

    @torch.inference_mode()
    def train(steps):
        nonlocal u, w, b
        for _ in range(steps):
            drive = torch.addmm(b, X, u)
            s = torch.zeros_like(drive)
            for _ in range(ITERATIONS):
                new = torch.tanh(torch.addmm(drive, s, w))
                (new - s).abs().max()
                s = new
            error = s[:, -n_outputs:] - y
            loss = 0.5 * (error * error).sum() / n
            slopes = 1 - s * s
            seed = torch.zeros_like(s)
            seed[:, -n_outputs:] = slopes[:, -n_outputs:] * error / n
            back, turned = seed, w.T
            for _ in range(ITERATIONS):
                new = torch.addcmul(seed, slopes, back @ turned)
                (new - back).abs().max()
                back = new
            u = u - RATE * (X.T @ back)
            w = w - RATE * (s.T @ back)
            b = b - RATE * back.sum(dim=0)
        return float(loss)

    return train


def by_jax(net, X, y):
    """Both loops are `lax.while_loop`s of one jitted step; steps are a `lax.scan` around it."""
    from functools import partial

    import jax
    import jax.numpy as jnp

    parts = tuple(
        jnp.asarray(part) for part in (net.input_weights, net.recurrent_weights, net.biases)
    )
    X, y = jnp.asarray(X), jnp.asarray(y)
    n, n_outputs = len(X), y.shape[1]

    def fixed_point(function, start):
        def going_on(state):
            k, change, _ = state
            return (k < ITERATIONS) & (change >= 0)

        def move(state):
            k, _, x = state
            new = function(x)
            return k + 1, jnp.abs(new - x).max(), new

        return jax.lax.while_loop(going_on, move, (0, jnp.float32(1), start))[2]

    def step(parts, _):
        u, w, b = parts
        drive = X @ u + b
        s = fixed_point(lambda s: jnp.tanh(drive + s @ w), jnp.zeros_like(drive))
        error = s[:, -n_outputs:] - y
        slopes = 1 - s * s
        seed = jnp.zeros_like(s).at[:, -n_outputs:].set(slopes[:, -n_outputs:] * error / n)
        back = fixed_point(lambda back: slopes * (back @ w.T) + seed, seed)
        gradients = X.T @ back, s.T @ back, back.sum(axis=0)
        moved = tuple(p - RATE * g for p, g in zip(parts, gradients, strict=True))
        return moved, 0.5 * (error * error).sum() / n

    @partial(jax.jit, static_argnums=1)
    def steps_of(parts, steps):
        return jax.lax.scan(step, parts, length=steps)

    def train(steps):
        nonlocal parts
        parts, losses = steps_of(parts, steps)
        return float(losses[-1])

    return train


CONTENDERS = {"ours": ours, "numpy": by_numpy, "pytorch": by_pytorch, "jax": by_jax}


def medians(jobs):
    """Name -> the median seconds of a call, in turns."""
    import statistics
    import time

    taken = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            before = time.perf_counter()
            job()
            taken[name].append(time.perf_counter() - before)
    return {name: statistics.median(times) for name, times in taken.items()}


def steps_timed(n_units, n_samples, n_outputs, steps):
    """Name -> microseconds of a step."""
    from functools import partial

    net, X, y = problem(n_units, n_samples, n_outputs)
    made = {name: make(net, X, y) for name, make in CONTENDERS.items() if name != "ours"}
    made["ours"] = ours(net, X, y)
    losses = {name: train(steps) for name, train in made.items()}
    for name, loss in losses.items():
        if abs(loss - losses["numpy"]) > 1e-4 * losses["numpy"]:
            raise SystemExit(f"{name} came to a loss of {loss}, NumPy to {losses['numpy']}")
    pinning.limit_pools()
    found = medians({name: partial(train, steps) for name, train in made.items()})
    return {name: 1e6 * seconds / steps for name, seconds in found.items()}


def row_timed(calls=2000):
    """Name -> microseconds of a prediction of one row, of 8 units and 20 iterations."""
    import timeit

    import numpy as np

    from backprop_c import RecurrentNetwork

    net = RecurrentNetwork(
        4, 8, 2, dtype="float32", random_state=0, tolerance=0.0, max_iterations=20
    )
    x, out = np.ones(4, "f4"), np.empty(2, "f4")
    u, w, b = net.input_weights, net.recurrent_weights, net.biases

    def by_hand():
        drive = x.dot(u)
        drive += b
        s = np.zeros(8, "f4")
        for _ in range(20):
            new = s.dot(w)
            new += drive
            np.tanh(new, out=new)
            s -= new
            np.abs(s, out=s).max()
            s = new
        return s[-2:]

    if abs(by_hand() - net.predict(x)).max() > 1e-5:
        raise SystemExit("a row's outputs differ")
    names = {"predict": net.predict, "x": x, "out": out, "by_hand": by_hand}
    mine = timeit.Timer("predict(x, out)", globals=names)
    theirs = timeit.Timer("by_hand()", globals=names)
    found = medians(
        {"ours": lambda: mine.timeit(calls), "numpy": lambda: theirs.timeit(calls // 10)}
    )
    return {"ours": 1e6 * found["ours"] / calls, "numpy": 1e7 * found["numpy"] / calls}


def xor_learned():
    """Rows of how XOR is learned by four units, all connected, from 20 random states."""
    import numpy as np

    from backprop_c import Adam, RecurrentNetwork

    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    rows = []
    for activation, options in XOR_KINDS:
        for rate in XOR_RATES:
            reached, unsettled = 0, []
            for seed in range(20):
                net = RecurrentNetwork(2, 4, 1, activation=activation, random_state=seed, **options)
                history = net.fit(X, y, epochs=300, optimizer=Adam(rate))
                reached += history["loss"][-1] < XOR_GOAL
                unsettled.append((history["settled"] < 1).sum())
            words = ", ".join(f"{name} {value}" for name, value in options.items())
            rows.append(
                {
                    "units": activation,
                    "how": words.removeprefix("solver ") or "relaxation",
                    "rate": rate,
                    "reached": int(reached),
                    "unsettled": float(np.median(unsettled)),
                }
            )
            print(rows[-1], flush=True)
    return rows


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="to results/settling.csv")
    asked = parser.parse_args()
    pinning.pin(1)
    import warnings

    import measure
    import records
    from backprop_c._kernels import level

    # That samples do not settle in so few iterations is the point.
    warnings.simplefilter("ignore")
    found = {
        f"{n_units} units, {n_samples} samples, a step of 30 + 30 iterations": steps_timed(
            n_units, n_samples, n_outputs, steps
        )
        for n_units, n_samples, n_outputs, steps in SIZES
    }
    found["one row, 8 units, 20 iterations"] = row_timed()
    rows = []
    for work, times in found.items():
        for contender, microseconds in times.items():
            rows.append(
                {
                    "work": work,
                    "contender": contender,
                    "median_us": f"{microseconds:.4f}",
                    "level": level,
                    **measure.about(),
                }
            )
            ratio = microseconds / times["ours"]
            print(f"{work:<40} {contender:<8} {microseconds:10.2f} us {ratio:6.2f}", flush=True)
    learned = xor_learned()
    if asked.write:
        records.write_settling(rows)
        records.write_settling_xor(learned)


if __name__ == "__main__":
    main()
