"""Every option with every other: both act, or the pair is refused by name.

What acts on the parameters must do so beside any other option: the pair comes to something else
than each of the two alone. What only looks on must change nothing beside any other.
"""

import functools
import inspect
import itertools
from dataclasses import replace

import numpy as np
import pytest

from backprop_c import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    EarlyStopping,
    Goal,
    Lion,
    Nadam,
    Network,
    RMSprop,
    Rprop,
    initializers,
    losses,
    schedules,
)

N_SAMPLES = 60


def own_loss(y_true, y_pred):
    return ((y_pred - y_true) ** 4).sum(axis=1), 4 * (y_pred - y_true) ** 3


def spread(y_true, y_pred):
    return np.ptp(y_pred)


def rate(epoch):
    return 0.02 / (2 + epoch)


class Looking:
    """A callback that uses the network in the midst of its fit."""

    def on_epoch_end(self, epoch, logs, network):
        assert np.isfinite([*logs.values(), *network.predict(np.zeros(3))]).all()


# Groups of options, of which a fit can have one each: how they change the arguments of Network, of
# its optimizer and of `fit`.
ACTING = {
    "optimizer": [
        {"optimizer": one}
        for one in (
            SGD(0.03, momentum=0.9, nesterov=True, weight_decay=0.01),
            RMSprop(0.01, centred=True, momentum=0.5),
            Adagrad(0.02),
            Adadelta(),
            Adam(0.01, amsgrad=True),
            AdamW(0.01, weight_decay=0.1),
            Nadam(0.01),
            Adamax(0.01),
            Lion(0.003),
            Rprop(0.3),
        )
    ],
    "rate": [
        {"of_optimizer": {"learning_rate": one}}
        for one in (
            schedules.Cosine(0.02, warmup=1),
            schedules.OneCycle(0.02),
            rate,
            schedules.ReduceOnPlateau(0.02, "loss", threshold=0.9, patience=1),
        )
    ],
    "clipping": [{"of_optimizer": {"clip_norm": 0.05}}, {"of_optimizer": {"clip_value": 0.02}}],
    "loss": [
        *(
            {"network": {"loss": one}}
            for one in ("absolute_error", losses.Huber(0.1), "log_cosh", own_loss)
        ),
        {"network": {"loss": losses.Quantile(0.8)}},
        {"network": {"loss": "poisson", "outputs": "exponential"}},
        {"network": {"loss": "gamma", "outputs": "exponential"}, "targets": "positive"},
        {
            "network": {"loss": losses.BinaryCrossEntropy(0.1), "outputs": "sigmoid"},
            "targets": "several labels",
        },
        {
            "network": {"loss": losses.CrossEntropy(0.1), "outputs": "softmax"},
            "targets": "labels",
        },
    ],
    "hidden": [
        {"network": {"hidden": one}}
        for one in ("relu", "selu", "gelu", "mish", "softplus", "hard_sigmoid")
    ],
    "initializer": [
        {"network": {"initializer": one}} for one in ("orthogonal", initializers.Normal(0.5))
    ],
    "penalty": [{"network": {"l1": 0.01}}, {"network": {"l2": (0.1, 0)}}],
    "dropout": [{"network": {"dropout": 0.3}}],
    "max_norm": [{"network": {"max_norm": 0.3}}],
    "biases": [{"network": {"biases": False}}],
    "dtype": [{"network": {"dtype": "float32"}}],
    "sample_weight": [{"weighted": True}],
    "class_weight": [{"fit": {"class_weight": "balanced"}}, {"fit": {"class_weight": {0: 3.0}}}],
    "validation_fraction": [{"fit": {"validation_fraction": 0.3}}],
    "batches": [{"fit": one} for one in ({"batch_size": 1}, {"batch_size": None})],
    "order": [{"fit": {"shuffle": False}}],
}
LOOKING = {
    "metrics": [{"fit": {"metrics": ["mse", "r2"]}}, {"fit": {"metrics": ["mae", spread]}}],
    "validation_data": [{"validated": True}],
    "early stopping": [{"callbacks": [EarlyStopping("loss", patience=9, restore_best=False)]}],
    "goal": [{"callbacks": [Goal("loss", -1e9)]}],
    "callback": [{"callbacks": [Looking()]}],
    "verbose": [{"fit": {"verbose": True}}],
    "threads": [{"fit": {"n_threads": 3}}],
}
OPTIONS = ACTING | LOOKING
# What does not go together, and what the message says.
REFUSED = {
    ("loss 6", "class_weight"): "class_weight needs targets that tell one class a sample",
    ("loss 7", "class_weight"): "class_weight needs targets that tell one class a sample",
    ("optimizer 9", "rate"): "Rprop finds its steps by itself",
    ("optimizer 9", "clipping"): "Rprop has no parameter 'clip_",
    ("optimizer 9", "batches 0"): "Rprop needs all samples at once",
    ("validation_fraction", "validation_data"): "validation_data or validation_fraction, not both",
}
# Both act, but one leaves nothing for the other to do: the order of one batch does not matter, and
# Rprop takes one batch anyway.
IDLE = {("batches 1", "order 0"), ("optimizer 9", "batches 1"), ("optimizer 9", "order 0")}


def data(targets):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N_SAMPLES, 3))
    labels = (X[:, 0] + rng.normal(size=N_SAMPLES) > 0.7).astype(int)
    return X, {
        "rows": np.eye(2)[labels],
        "labels": labels,
        "positive": np.eye(2)[labels] + 0.5,
        "several labels": np.column_stack([labels, X[:, 1] > 0]),
    }[targets]


@functools.cache
def trained(*chosen):
    """The parameters and the history of a fit with some options, as (group, place)."""
    of_network, of_optimizer, of_fit = {}, {}, {}
    callbacks, rest = [], {"optimizer": Adam(0.01), "targets": "rows"}
    layers = {"hidden": "tanh", "outputs": "identity"}
    for group, place in chosen:
        option = OPTIONS[group][place]
        of_network |= option.get("network", {})
        of_optimizer |= option.get("of_optimizer", {})
        of_fit |= option.get("fit", {})
        callbacks += option.get("callbacks", [])
        rest |= {name: value for name, value in option.items() if name in ("optimizer", "targets")}
    layers |= {name: of_network.pop(name) for name in list(layers) if name in of_network}
    X, y = data(rest["targets"])
    weights = np.arange(N_SAMPLES) % 4 if any(one == "sample_weight" for one, _ in chosen) else None
    if any(group == "validation_data" for group, _ in chosen):
        of_fit["validation_data"] = (X[:9], y[:9])
    net = Network((3, 5, 2), tuple(layers.values()), random_state=1, **of_network)
    optimizer = replace(rest["optimizer"], **of_optimizer)
    options = {"epochs": 4, "batch_size": "auto" if optimizer.full_batch else 16} | of_fit
    history = net.fit(X, y, weights, optimizer=optimizer, callbacks=callbacks, **options)
    return net.parameters.astype(np.float64).tobytes(), history.to_dict()


def entry_of(table, one, other):
    """What a table says of a pair, by groups or by options; None if nothing."""
    names = itertools.product(*((group, f"{group} {place}") for group, place in (one, other)))
    return next((table[pair] for pair in names if pair in table), None)


def check_pair(one, other):
    message = entry_of(REFUSED, one, other)
    if message is not None:
        with pytest.raises((TypeError, ValueError), match=message):
            trained(one, other)
        return
    parameters, history = trained(one, other)
    for values in history.values():
        assert len(values) == 4
        assert np.isfinite(values).all()
    for alone, beside in ((one, other), (other, one)):
        before, values = trained(alone)
        if beside[0] in LOOKING:
            assert parameters == before
            for name in values:
                assert history[name] == values[name]
        elif (f"{one[0]} {one[1]}", f"{other[0]} {other[1]}") not in IDLE:
            assert parameters != before


@pytest.mark.filterwarnings("ignore:.*outside of what:backprop_c.TargetRangeWarning")
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(OPTIONS, 2)))
def test_pairs(one, other, capfd):
    for a, b in itertools.product(range(len(OPTIONS[one])), range(len(OPTIONS[other]))):
        check_pair((one, a), (other, b))


def test_every_argument_is_among_them():
    """A new option of a network or a fit must be put beside all others."""
    among = {name for group in OPTIONS for name in group.split()}
    for one in itertools.chain(*OPTIONS.values()):
        among |= {*one.get("fit", {}), *one.get("network", {})}
    # What is the same in all of them, or what hidden layers and callbacks stand for.
    rest = {"self", "X", "y", "epochs", "reset_optimizer", "callbacks"}
    rest |= {"layer_sizes", "activations", "random_state"}
    for function in (Network, Network.fit):
        assert set(inspect.signature(function).parameters) - rest <= among
