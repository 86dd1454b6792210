"""What `Network.fit` does with what it was given: from arguments to a trainer, and its warnings."""

import math
import warnings
from contextlib import contextmanager
from functools import cache

from ._engine.measures import MetricSet
from ._engine.samples import SampleSet
from ._engine.trainer import Trainer
from ._monitor import VALIDATION
from ._split import Split
from ._validation.entries import METRIC_NAMES
from ._validation.metrics import (
    Measured,
    as_engine_takes_them,
    as_metrics,
    is_all_one,
    kind_of_classes,
)
from ._validation.scalars import as_batch_size, as_count, as_flag, as_n_threads, as_share
from ._validation.targets import targets_out_of_range
from ._validation.weights import as_class_weights, as_sample_weight, weights_by_class
from ._watcher import Watcher
from .callbacks import EarlyStopping, Goal, Monitor
from .exceptions import DivergenceWarning, TargetRangeWarning
from .history import History
from .optimizers import as_optimizer, state_to_go_on_from
from .optimizers.terms import optimizer_terms

# The stacklevel, in `train`, of whoever called `fit`.
CALLER = 3
# How often a fit goes through the samples if nobody says so, by many steps each time or by one.
EPOCHS, EPOCHS_OF_ONE_STEP = 100, 1000
# From so many on, what grows with their square or cube is worth a warning.
MANY_PARAMETERS = 3000


def batch_size_for(optimizer, batch_size, n_samples):
    """How many samples an update takes: all, where the optimizer needs them."""
    if optimizer.full_batch and batch_size == "auto":
        return n_samples
    batch_size = as_batch_size(batch_size, n_samples)
    if optimizer.full_batch and batch_size < n_samples:
        raise ValueError(
            f"{type(optimizer).__name__} needs all samples at once: leave out "
            f"batch_size={batch_size}"
        )
    return batch_size


def epochs_for(optimizer, epochs):
    """How often to go through the samples: as given, or what is usual for the optimizer."""
    if epochs is None:
        return EPOCHS_OF_ONE_STEP if optimizer.full_batch else EPOCHS
    return epochs


def require_network_for(optimizer, net):
    """Raise if the network has what the optimizer cannot train; warn if it takes much memory."""
    kind = type(optimizer).__name__
    least_squares = optimizer.steps == "squares"
    if least_squares and net._feeds_back:
        raise ValueError(
            f"{kind} cannot train a {type(net).__name__}: use another optimizer, such as Adam(), "
            "Rprop() or LBFGS()"
        )
    if optimizer.needs_loss not in (None, net._loss.name):
        raise ValueError(
            f"{kind} needs the loss {optimizer.needs_loss!r}, but the network has {net.loss!r}: "
            "use another optimizer, such as LBFGS() or Adam()"
        )
    remedy = "Adam()" if any(net.dropout) else "Rprop() or Adam()"
    for name in optimizer.refuses:
        if any(getattr(net, name)):
            raise ValueError(
                f"{kind} cannot train a network with {name}, which is {getattr(net, name)}: "
                f"leave it out, or use another optimizer, such as {remedy}"
            )
    if least_squares and (n_parameters := net.parameters.size) > MANY_PARAMETERS:
        bytes_of_matrices = 2 * n_parameters * (n_parameters + 1) * net.dtype.itemsize
        warnings.warn(
            f"{kind} takes {bytes_of_matrices / 1e6:,.0f} MB for {n_parameters} parameters, and "
            "time for each epoch that grows with their cube: Rprop() and Adam() take neither",
            RuntimeWarning,
            stacklevel=CALLER + 1,
        )


@cache
def kind_of_trainer(steps):
    """The kind of trainer that makes such steps of an optimizer.

    What few programs need is imported here: the import is the quicker for it.
    """
    if steps == "squares":
        from ._engine.squares_trainer import SquaresTrainer

        return SquaresTrainer
    if steps == "quasi_newton":
        from ._engine.quasi_newton_trainer import QuasiNewtonTrainer

        return QuasiNewtonTrainer
    return Trainer


def as_callbacks(callbacks, names):
    """What the engine decides by itself, as its options; and what is called after each epoch."""
    try:
        given = tuple(callbacks)
    except TypeError:
        raise TypeError(
            f"callbacks must be a sequence of callbacks, but is {callbacks!r}"
        ) from None
    calls, early, goal = [], None, None
    for one in given:
        if not isinstance(one, Monitor):
            calls.append(end_of_epoch(one))
        if isinstance(one, EarlyStopping):
            refuse_second(EarlyStopping, early, one)
            early = one
        if isinstance(one, Goal):
            refuse_second(Goal, goal, one)
            goal = one
    decided = {
        "early_stop": early
        and (*watched_column(early, names), early.min_delta, early.patience, early.restore_best),
        "goal": goal and (*watched_column(goal, names), goal.value),
    }
    return decided, tuple(calls)


def refuse_second(kind, first, second):
    """Raise if there has been a first callback of a kind: the engine watches one."""
    if first is not None:
        raise ValueError(
            f"callbacks must have one {kind.__name__} at most, but has {first!r} and {second!r}"
        )


def end_of_epoch(callback):
    """The method of a callback that is called after each epoch."""
    call = getattr(callback, "on_epoch_end", None)
    if isinstance(callback, type) or not callable(call):
        raise TypeError(
            "a callback must have a method on_epoch_end(epoch, logs, network), as a "
            f"callbacks.Callback has, but {callback!r} has none"
        )
    return call


def watched_column(monitor, names):
    """The column of what is recorded, and -1 where a larger value is better, else 1."""
    if monitor.monitor not in names:
        validated = any(name.startswith(VALIDATION) for name in names)
        base = monitor.monitor.removeprefix(VALIDATION)
        remedy = ""
        if monitor.monitor.startswith(VALIDATION) and not validated:
            remedy = ": give validation_data or validation_fraction"
        elif base in METRIC_NAMES:
            remedy = f": give metrics=[{base!r}]"
        raise ValueError(
            f"{type(monitor).__name__} monitors {monitor.monitor!r}, but what is recorded is "
            f"{', '.join(names)}{remedy}"
        )
    larger = monitor.larger_is_better
    if larger is None:
        raise ValueError(
            f"{type(monitor).__name__} monitors {monitor.monitor!r}, a function of one's own: say "
            "which way is better, by better='larger' or better='smaller'"
        )
    return names.index(monitor.monitor), -1 if larger else 1


def plateau_terms(schedule, names):
    """A schedule that watches what is recorded, as the engine takes it."""
    column, sign = watched_column(schedule, names)
    fields = ("factor", "patience", "threshold", "cooldown", "final")
    # The learning rate, the best value, epochs since then, epochs of cooling down that are left.
    first = (schedule.initial, sign * math.inf, 0.0, 0.0)
    return column, sign, *(float(getattr(schedule, name)) for name in fields), first


def by_class(net, samples, class_weights):
    """The same samples, with weights times those of their classes, where these count."""
    if class_weights is None:
        return samples
    weights = weights_by_class(class_weights, samples.y, samples.sample_weight)
    weights = as_sample_weight(weights, len(weights), net.dtype, "sample_weight by class")
    return SampleSet(net, samples.X, samples.y, weights)


def as_validation(net, validation_data, class_weights):
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
        return by_class(net, net._as_sample_set(*validation_data), class_weights)


@contextmanager
def naming_the_validation():
    """Have an error say that it is not about the training's samples."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation_data: {error}") from None


def as_split(net, fraction, y, goes_on):
    """Which samples are for validation; those of the last fit, where this one goes on with it."""
    fraction = as_share(fraction, "validation_fraction")
    last = net._split
    if goes_on and last is not None and (last.fraction, last.n_samples) == (fraction, len(y)):
        return last
    return Split(fraction, y, net._generator)


def metric_sets(net, metrics, samples, validation=None):
    """Names of what is recorded; what is measured of the samples, and of validation's if any."""
    asked = as_metrics(metrics, net._own_metrics)
    own = net._own_metrics
    names = ("loss", *own, *asked)
    if validation is not None:
        names += tuple(f"{VALIDATION}{name}" for name in names)
    if not (own or asked):
        return names, MetricSet(samples), validation and MetricSet(validation)
    measured = tuple(Measured(code, (), ()) for code in own.values())
    activation, n_outputs = net._activations[-1].name, net.layer_sizes[-1]
    kind = kind_for_both(net, asked, samples, validation)
    return names, *(
        one
        and MetricSet(one, measured + as_engine_takes_them(asked, one, kind, activation, n_outputs))
        for one in (samples, validation)
    )


def kind_for_both(net, asked, samples, validation):
    """How the targets tell classes to metrics: those of validation, if any, as the others do."""
    activation, loss = net._activations[-1].name, net._loss.name
    kind = kind_of_classes(asked, samples.y, activation, loss)
    if validation is None:
        return kind
    with naming_the_validation():
        other = kind_of_classes(asked, validation.y, activation, loss)
    # Targets that are all 1 go with 0 and 1, and at tanh outputs with -1 and 1.
    if is_all_one(validation.y):
        return kind
    if is_all_one(samples.y):
        return other
    if other != kind:
        raise ValueError(
            "the targets of validation_data tell classes in another way than y does: give both "
            "as class indices, or both with a column for each output"
        )
    return kind


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
    class_weight,
    validation_data,
    validation_fraction,
    callbacks,
    verbose,
    reset_optimizer,
    n_threads,
    habits=None,
):
    """Validate everything, then train; `Network.fit` says what most of the arguments are.

    `habits` are options of the trainer's for estimators that count, stop and shuffle as another
    package does.
    """
    epochs = None if epochs is None else as_count(epochs, "epochs", 0)
    shuffle = as_flag(shuffle, "shuffle")
    verbose = as_flag(verbose, "verbose")
    reset_optimizer = as_flag(reset_optimizer, "reset_optimizer")
    n_threads = as_n_threads(n_threads)
    samples = net._as_sample_set(X, y, sample_weight)
    class_weights = split = None
    if class_weight is not None:
        class_weights = as_class_weights(class_weight, samples.y)
        samples = by_class(net, samples, class_weights)
    if validation_fraction is None:
        validation = as_validation(net, validation_data, class_weights)
    elif validation_data is not None:
        raise TypeError("give validation_data or validation_fraction, not both")
    else:
        split = as_split(net, validation_fraction, samples.y, goes_on=not reset_optimizer)
        samples, validation = split.apply(net, samples)
    names, measured_of_samples, measured_of_others = metric_sets(net, metrics, samples, validation)
    decided, calls = as_callbacks(callbacks, names)
    choice, stopped = None, False
    if isinstance(optimizer, str) and optimizer == "auto":
        from ._choice import choose_alone

        optimizer, found, choice, stopped = choose_alone(
            net,
            samples,
            batch_size,
            open_end=epochs is None and validation is None and not any(decided.values()),
            shuffle=shuffle,
            verbose=verbose,
            n_threads=n_threads,
        )
        epochs = found if epochs is None else epochs
    chosen = net.optimizer if optimizer is None else as_optimizer(optimizer)
    epochs = epochs_for(chosen, epochs)
    batch_size = batch_size_for(chosen, batch_size, samples.n_samples)
    require_network_for(chosen, net)
    warn_of_range(net, samples.y)
    trainer = kind_of_trainer(chosen.steps)(
        net, measured_of_samples, measured_of_others, net._own_loss
    )
    history = History(names, trainer.record, None if split is None else split.validation)
    history._choice = choice
    update, hyperparameters, options = optimizer_terms(chosen)
    if options["plateau"] is not None:
        options["plateau"] = plateau_terms(options["plateau"], names)

    def begin(state):
        """Have the network hold what the fit will fill in, once the fit is sure to begin."""
        watcher = Watcher(net, names, epochs, verbose, calls) if verbose or calls else None
        net.__dict__.update(
            _optimizer=chosen, _optimizer_state=state, history=history, _split=split
        )
        if stopped:
            net.stop()
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
        **decided,
        watched=bool(calls),
        **options,
        **(habits or {}),
    )
    note_end(history, trainer)
    net._warn_after_fit(history, samples)
    if trainer.diverged:
        restored = decided["early_stop"] is not None and decided["early_stop"][-1]
        warn_of_divergence(trainer, chosen, epochs, restored)
    if trainer.overwritten:
        warnings.warn(
            "the network's parameters were written to while this fit trained them, and the "
            "fit has overwritten what was written: write to them before or after a fit",
            RuntimeWarning,
            stacklevel=CALLER,
        )
    return history


def note_end(history, trainer):
    """Have the history say how the fit has ended."""
    history._settled, history._diverged = trainer.settled, trainer.diverged
    history._reached_goal = trainer.reached_goal
    history._ended_by, history._loss_at_end = trainer.ended_by, trainer.loss_at_end


def warn_of_range(net, targets):
    """Warn if the outputs cannot reach all targets."""
    out_of_range = targets_out_of_range(targets, net._activations[-1].name)
    if out_of_range and net._own_loss is None:
        warnings.warn(out_of_range, TargetRangeWarning, stacklevel=CALLER + 1)


def remedy_for_divergence(optimizer):
    """What helps where a loss is not finite."""
    if optimizer.steps == "batches":
        return "Try a smaller learning rate, or inputs scaled to about unit size"
    return "Try inputs and targets scaled to about unit size"


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
        f"the parameters are as they were {kept}. {remedy_for_divergence(optimizer)}",
        DivergenceWarning,
        stacklevel=CALLER + 1,
    )


def warn_of_step(loss, optimizer):
    """Say that a single step was not made."""
    what = "update is not finite" if math.isfinite(loss) else f"loss is {loss}"
    warnings.warn(
        f"the {what} with {optimizer!r}: the step was not made, and nothing has changed. "
        f"{remedy_for_divergence(optimizer)}",
        DivergenceWarning,
        stacklevel=CALLER,
    )
