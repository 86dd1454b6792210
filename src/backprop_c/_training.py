"""What `Network.fit` does with what it was given: from arguments to a trainer, and its warnings."""

import math
import warnings
from contextlib import contextmanager

from ._engine.trainer import Trainer
from ._validation.entries import METRIC_NAMES, METRICS, UPDATES
from ._validation.metrics import VALIDATION, as_metric_codes, as_metrics, is_all_one
from ._validation.scalars import as_batch_size, as_count, as_flag, as_n_threads
from ._validation.targets import targets_out_of_range
from ._watcher import Watcher
from .callbacks import EarlyStopping
from .exceptions import DivergenceWarning, TargetRangeWarning
from .history import History
from .optimizers import as_optimizer, state_to_go_on_from
from .schedules import Schedule, schedule_terms

# The stacklevel, in `train`, of whoever called `fit`.
CALLER = 3


def optimizer_terms(optimizer):
    """An optimizer as the engine takes it: its rule's code, hyperparameters, and the rest."""
    rate = optimizer.learning_rate
    options = {
        "clip_norm": optimizer.clip_norm or 0.0,
        "schedule": schedule_terms(rate) if isinstance(rate, Schedule) else None,
    }
    return UPDATES.index(optimizer.rule), optimizer.hyperparameters(), options


def as_callbacks(callbacks, names):
    """Early stopping as the engine takes it, or None; and what is called after each epoch."""
    try:
        given = tuple(callbacks)
    except TypeError:
        raise TypeError(
            f"callbacks must be a sequence of callbacks, but is {callbacks!r}"
        ) from None
    stops = [one for one in given if isinstance(one, EarlyStopping)]
    if len(stops) > 1:
        raise ValueError(f"callbacks must have one EarlyStopping at most, but has {len(stops)}")
    calls = []
    for one in given:
        if isinstance(one, EarlyStopping):
            continue
        call = getattr(one, "on_epoch_end", None)
        if isinstance(one, type) or not callable(call):
            raise TypeError(
                "a callback must have a method on_epoch_end(epoch, logs, network), as a "
                f"callbacks.Callback has, but {one!r} has none"
            )
        calls.append(call)
    return (early_stop_terms(stops[0], names) if stops else None), tuple(calls)


def early_stop_terms(early, names):
    """Early stopping as the engine takes it."""
    if early.monitor not in names:
        validated = any(name.startswith(VALIDATION) for name in names)
        base = early.monitor.removeprefix(VALIDATION)
        remedy = ""
        if early.monitor.startswith(VALIDATION) and not validated:
            remedy = ": give validation_data"
        elif base in METRIC_NAMES:
            remedy = f": give metrics=[{base!r}]"
        raise ValueError(
            f"EarlyStopping monitors {early.monitor!r}, but what is recorded is "
            f"{', '.join(names)}{remedy}"
        )
    sign = -1 if early.larger_is_better else 1
    return names.index(early.monitor), sign, early.min_delta, early.patience, early.restore_best


def as_validation(net, validation_data):
    """(X, y) or (X, y, sample_weight) as samples for the engine; None for None."""
    if validation_data is None:
        return None
    expected = "validation_data must be a tuple (X, y) or (X, y, sample_weight), but"
    if not isinstance(validation_data, (tuple, list)):
        raise TypeError(f"{expected} is {type(validation_data).__name__}")
    n_entries = len(validation_data)
    if n_entries not in (2, 3):
        raise TypeError(f"{expected} has {n_entries} {'entry' if n_entries == 1 else 'entries'}")
    with naming_the_validation():
        return net._as_sample_set(*validation_data)


@contextmanager
def naming_the_validation():
    """Have an error say that it is not about the training's samples."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation_data: {error}") from None


def metric_codes(net, metrics, samples, validation=None):
    """Names of what is recorded, and the metrics' codes, in the table's order."""
    asked = as_metrics(metrics)
    loss, activation = net._loss.name, net._activations[-1].name
    codes = as_metric_codes(asked, samples.y, activation, loss)
    names = ("loss", *(METRICS[k][0] for k in codes))
    if validation is not None:
        with naming_the_validation():
            codes_of_validation = as_metric_codes(asked, validation.y, activation, loss)
        # Targets that are all 1 go with 0 and 1, and at tanh outputs with -1 and 1.
        if is_all_one(validation.y):
            codes_of_validation = codes
        elif is_all_one(samples.y):
            codes = codes_of_validation
        if codes_of_validation != codes:
            raise ValueError(
                "the targets of validation_data tell classes in another way than y does: give both "
                "as class indices, or both with a column for each output"
            )
        names += tuple(f"{VALIDATION}{name}" for name in names)
    return names, codes


def train(
    net,
    X,
    y,
    sample_weight,
    *,
    epochs,
    batch_size,
    optimizer,
    shuffle,
    metrics,
    validation_data,
    callbacks,
    verbose,
    reset_optimizer,
    n_threads,
):
    """Validate everything, then train; `Network.fit` says what the arguments are."""
    epochs = as_count(epochs, "epochs", 0)
    shuffle = as_flag(shuffle, "shuffle")
    verbose = as_flag(verbose, "verbose")
    reset_optimizer = as_flag(reset_optimizer, "reset_optimizer")
    n_threads = as_n_threads(n_threads)
    samples = net._as_sample_set(X, y, sample_weight)
    batch_size = as_batch_size(batch_size, samples.n_samples)
    validation = as_validation(net, validation_data)
    names, codes = metric_codes(net, metrics, samples, validation)
    early_stop, calls = as_callbacks(callbacks, names)
    chosen = net.optimizer if optimizer is None else as_optimizer(optimizer)
    warn_of_range(net, samples.y)
    trainer = Trainer(net, samples, codes, validation, net._own_loss)
    history = History(names, trainer.record)
    update, hyperparameters, options = optimizer_terms(chosen)

    def begin(state):
        """Have the network hold what the fit will fill in, once the fit is sure to begin."""
        watcher = Watcher(net, names, epochs, verbose, calls) if verbose or calls else None
        net.__dict__.update(_optimizer=chosen, _optimizer_state=state, history=history)
        return watcher

    trainer.fit(
        begin,
        epochs,
        batch_size,
        update,
        hyperparameters,
        net._generator.bit_generator,
        None if reset_optimizer else state_to_go_on_from(net._optimizer_state, chosen),
        n_threads,
        shuffled=shuffle,
        early_stop=early_stop,
        watched=bool(calls),
        **options,
    )
    if trainer.diverged:
        restored = early_stop is not None and early_stop[-1]
        warn_of_divergence(trainer, chosen, epochs, restored)
    if trainer.overwritten:
        warnings.warn(
            "the network's parameters were written to while this fit trained them, and the "
            "fit has overwritten what was written: write to them before or after a fit",
            RuntimeWarning,
            stacklevel=CALLER,
        )
    return history


def warn_of_range(net, targets):
    """Warn if the outputs cannot reach all targets."""
    if net._own_loss is not None:
        return
    out_of_range = targets_out_of_range(targets, net._activations[-1].name)
    if out_of_range:
        warnings.warn(out_of_range, TargetRangeWarning, stacklevel=CALLER + 1)


def warn_of_divergence(trainer, optimizer, epochs, restored):
    """Say what was not finite any more, and what the parameters are now."""
    done = trainer.record.epochs
    kept = f"at the start of epoch {done}" if done else "before the fit"
    if restored and trainer.record.best_epoch:
        kept = f"at the end of epoch {trainer.record.best_epoch}, the best one"
    what = f"loss stopped being finite in epoch {done + 1}"
    if trainer.overflowed:
        what = f"parameters stopped being finite in epoch {done}"
    warnings.warn(
        f"the {what} of {epochs} with {optimizer!r}; "
        f"the parameters are as they were {kept}. "
        "Try a smaller learning rate, or inputs scaled to about unit size",
        DivergenceWarning,
        stacklevel=CALLER + 1,
    )


def warn_of_step(loss, optimizer):
    """Say that a single step was not made."""
    what = "update is not finite" if math.isfinite(loss) else f"loss is {loss}"
    warnings.warn(
        f"the {what} with {optimizer!r}: the step was not made, and nothing has changed. "
        "Try a smaller learning rate, or inputs scaled to about unit size",
        DivergenceWarning,
        stacklevel=CALLER,
    )
