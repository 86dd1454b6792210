"""What all networks do, whatever they are made of: draw weights, train, evaluate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _summary
from ._derivatives import Derivatives
from ._engine.evaluation import evaluate
from ._training import metric_sets, train
from ._validation.scalars import as_generator
from ._validation.shape import name_or_object
from .activations import Activation
from .callbacks import Callback, Monitor
from .history import History
from .losses import Loss
from .metrics import Metric
from .optimizers import Optimizer, as_optimizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Asked = str | Metric | Callable[[NDArray[Any], NDArray[Any]], float | NDArray[Any]]
    RandomState = int | np.random.Generator | np.random.BitGenerator | np.random.RandomState | None


class Trainable(Derivatives):
    """A network as its users train it; what it is made of is its subclasses' to say."""

    history: History | None
    _generator: "np.random.Generator"

    @property
    def activations(self) -> tuple[str | Activation, ...]:
        """One a layer: its name, or where its parameters are not the defaults, the object."""
        self._require_set_up()
        return tuple(map(name_or_object, self._activations))

    @property
    def loss(self) -> str | Loss | Callable[..., Any]:
        """The loss's name, the object where its parameters are not the defaults, or a function."""
        self._require_set_up()
        return name_or_object(self._loss)

    @property
    def optimizer(self) -> Optimizer:
        """What fit uses; setting it forgets the last optimizer's state."""
        self._require_set_up()
        return self._optimizer

    @optimizer.setter
    def optimizer(self, value: Optimizer | str) -> None:
        self._require_set_up()
        # At once, so that Ctrl-C comes before both or after both.
        self.__dict__.update(_optimizer=as_optimizer(value), _optimizer_state=None)

    # -- Weights -----------------------------------------------------------------------------

    def summary(self) -> str:
        """What the network is made of, as a table to be printed.

        Returns
        -------
        str

        Examples
        --------
        >>> from backprop_c import Network
        >>> print(Network((4, 8, 3), random_state=0).summary().splitlines()[-1])
        parameters: 67 (536 bytes)
        """
        self._require_set_up()
        return _summary.text(self)

    def _repr_html_(self) -> str:
        """The summary for notebooks."""
        self._require_set_up()
        return _summary.html(self)

    def initialize(self, random_state: "RandomState" = None) -> None:
        """Draw fresh weights; biases become zero and the optimizer's state is forgotten.

        The same draws for both dtypes, rounded.

        Parameters
        ----------
        random_state : None, int, Generator, BitGenerator or RandomState
            None goes on with the network's own generator.

        Raises
        ------
        TypeError, ValueError
            If random_state is of the wrong kind or value, the parameters are read-only, or an
            initializer of the caller's does not return weights. Nothing has changed then.
        RuntimeError
            If the network is being trained.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((2, 3), random_state=0)
        >>> before = net.parameters.copy()
        >>> net.initialize(0)
        >>> bool((net.parameters == before).all())
        True
        """
        self._require_set_up()
        generator = self._generator
        if random_state is not None:
            generator = as_generator(random_state)
        if self._training:
            raise RuntimeError("initialize cannot draw weights while a fit trains them")
        self._require_writable("initialize")
        self._draw_parameters(generator)
        self._generator = generator
        self._optimizer_state = None

    # -- Training ----------------------------------------------------------------------------

    def fit(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        sample_weight: "ArrayLike | None" = None,
        *,
        epochs: int | None = None,
        batch_size: int | Literal["auto"] | None = "auto",
        optimizer: Optimizer | str | None = None,
        shuffle: bool = True,
        metrics: "Asked | Sequence[Asked]" = (),
        class_weight: Mapping[int, float] | Literal["balanced"] | None = None,
        validation_data: "tuple[ArrayLike, ...] | None" = None,
        validation_fraction: float | None = None,
        callbacks: Iterable[Callback | Monitor] = (),
        verbose: bool = False,
        reset_optimizer: bool = True,
        n_threads: int | None = 1,
    ) -> History:
        """Train from where the network stands.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_in)
            Samples. Converted to the network's dtype.
        y : array-like of shape (n_samples, n_out) or (n_samples,)
            Targets; 1-D for one output, or 1-D class indices 0 ... n_out-1 for several. `predict`
            returns (n_samples, n_out) in any case: see the notes.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts; at least 0. The loss and gradient of a batch are divided
            by the batch's own sum of weights. A batch whose weights are all 0 makes no
            step.
        epochs : int, optional
            How often to go through the samples. 100 by default; 1000 with `Rprop`, `LBFGS` and
            `LevenbergMarquardt`, which make one step an epoch. The last two end before, where no
            step leads to a smaller loss.
        batch_size : int, "auto" or None, default "auto"
            Samples in an update; the last batch of an epoch may be shorter. 1 is online
            training, None the full batch, "auto" 32. `Rprop`, `LBFGS` and `LevenbergMarquardt` need
            the full batch, and get it with "auto".
        optimizer : Optimizer or str, optional
            An object such as ``Adam(0.01)``, or a name such as "adam" for one with its defaults.
            Becomes ``net.optimizer``, which is used otherwise: ``Adam()`` in a new network.
            "auto" chooses. If all samples are few enough for one step, it takes
            `LevenbergMarquardt` for squared errors of at most 1000 parameters, where its products
            are not too many, else `LBFGS`, or `Rprop` where that cannot be; if they are not,
            `Adam` at the rate of a range test. Where nothing says when to end (no epochs, no
            validation, no `EarlyStopping` or `Goal`) and there are 100 samples or more, a trial
            decides between all of these that can be, and for how many epochs: on copies of the
            network, with a fifth of the samples held out. `Adam` has a rate that falls to 0 then.
            ``history.choice`` says what and why.
        shuffle : bool, default True
            Take the samples in a fresh random order each epoch. With the full batch nothing is
            drawn.
        metrics : str, Metric or callable, or a sequence of these, default ()
            What to record beside the loss: names such as "accuracy" and "r2", or objects such as
            ``metrics.TopKAccuracy(k=3)``; `metrics` says what they are, and how targets tell
            classes. They are summed up while the epoch trains. A function
            ``f(y_true, y_pred)`` is called after each epoch, with the targets and the outputs as
            of its end; both are 1-D where there is one output. It returns a number, or one for
            each sample, whose mean by weights is taken; the history has it by the function's name.
            It is NaN where outputs are not finite.
        class_weight : dict or "balanced", optional
            What the weights of samples are multiplied by, of training and of validation: by class
            index; classes that are not in the dict have 1. "balanced" gives all classes of y the
            same say: ``n_samples / (n_classes * count of the class)``. Classes are indices, columns
            of a 1 beside zeros, or 0 and 1 (or -1 and 1) of one output.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Other samples. At the end of each epoch the loss and the metrics over them are recorded
            as "val_loss" and so on.
        validation_fraction : float, optional
            In place of validation_data: the share of the samples that is kept for validation, above
            0 and below 1. They are drawn at random; where targets tell classes, each class gives
            its share. ``history.validation_indices`` tells which. A fit that goes on, with
            ``reset_optimizer=False`` and as many samples, keeps the same ones.
        callbacks : iterable of Callback, EarlyStopping or Goal, default ()
            What happens between epochs. `EarlyStopping` and `Goal` are decided without Python, at
            the very epoch. Any other object's ``on_epoch_end(epoch, logs, network)`` is called
            after each epoch. True ends the fit; any other return value is ignored. An exception
            ends the fit too, and the network is then that of the last finished epoch.
        verbose : bool, default False
            Show progress on standard error: with tqdm if it is installed (extra "progress").
        reset_optimizer : bool, default True
            False goes on with the optimizer's state of the last fit, to the same bits as if
            both had been one (unless that was interrupted within an epoch: the order of the
            samples is drawn anew then). Hyperparameters such as the learning rate may change in
            between. An optimizer with another update rule begins anew, with a warning.
        n_threads : int or None, default 1
            Threads that share each batch, at most 256; None takes one for each core that the
            process may use. Where the work is too little for several, one does it. The result is
            the same to the bit.

        Returns
        -------
        History
            ``history["loss"]`` and each metric: 1-D float64, one value an epoch. The values of
            training are those of the epoch's passes, each taken before the update that followed
            it; those of validation and of functions are as of the epoch's end.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or value, or if ``net.parameters`` or a view of it
            is read-only; nothing has changed then.
        RuntimeError
            If a fit or a step is already training this network.
        KeyboardInterrupt
            On Ctrl-C; the network is that of the last finished epoch, ``net.history`` tells
            what was recorded.

        Warns
        -----
        DivergenceWarning
            If the loss stopped being finite, or the parameters did in the last epoch. Training
            has stopped then, and the parameters are those at the start of the last epoch whose
            loss was finite. With early stopping that restores the best epoch, they are those at
            the end of that epoch.
        ConvergenceWarning
            If samples did not settle: `RecurrentNetwork` says when.
        TargetRangeWarning
            Before the training, if targets are outside of what the outputs can be.
        RuntimeWarning
            If ``net.parameters`` was written to during the fit, which has overwritten that; if the
            optimizer begins anew in spite of ``reset_optimizer=False``; or if the fit waits for
            Cython code that reads the parameters and has not called ``end_reading``.

        Notes
        -----
        For one output, y may be 1-D, but ``net.predict(X)`` is (n_samples, 1). NumPy would
        subtract the one from the other as (n_samples, n_samples). Take the column:
        ``net.predict(X)[:, 0] - y``.

        Examples
        --------
        >>> from backprop_c import Network, SGD
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> history = net.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], epochs=500, batch_size=1,
        ...                   optimizer=SGD(learning_rate=0.1), metrics=["mse"])
        >>> net.parameters.round(3)
        array([2., 1.])
        """
        return train(
            self,
            X,
            y,
            sample_weight,
            epochs=epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            shuffle=shuffle,
            metrics=metrics,
            class_weight=class_weight,
            validation_data=validation_data,
            validation_fraction=validation_fraction,
            callbacks=callbacks,
            verbose=verbose,
            reset_optimizer=reset_optimizer,
            n_threads=n_threads,
        )

    def stop(self) -> None:
        """End a fit that runs in another thread, at its next finished epoch.

        Without such a fit nothing happens.

        Examples
        --------
        >>> from backprop_c import Network
        >>> Network((2, 1)).stop()
        """
        self._stop_training()

    def evaluate(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        metrics: "Asked | Sequence[Asked]" = (),
    ) -> dict[str, float]:
        """The loss, penalties included, and the metrics over the samples, by their weights.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As for `fit`.
        metrics : str, Metric or callable, or a sequence of these, default ()
            As for `fit`.

        Returns
        -------
        dict
            "loss" and each metric, as floats; of a `RecurrentNetwork` also how it settles, as in
            its history.

        Raises
        ------
        TypeError, ValueError
            As for `fit`.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [2.0, 1.0]
        >>> net.evaluate([[1.0], [2.0]], [3.0, 6.0], metrics=["mse"])
        {'loss': 0.25, 'mse': 0.5}
        """
        samples = self._as_sample_set(X, y, sample_weight)
        names, measured, _ = metric_sets(self, metrics, samples)
        values, _ = evaluate(self, measured, False, self._loss_caller())
        return dict(zip(names, values.tolist(), strict=True))
