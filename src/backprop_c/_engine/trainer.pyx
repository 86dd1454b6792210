"""Trainer: one fit, as Python drives it: what it takes, its runs, and what it leaves.

A fit works on private copies of the parameters and of the optimizer's state, and publishes
finished epochs to its engine.
"""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport uint64_t, uintptr_t
from libc.string cimport memset

from backprop_c._engine.crew cimport Board, Crew
from backprop_c._engine.engine cimport Engine
from backprop_c._engine.epochs cimport draw_epoch, keep_states, restore_best, run_fit
from backprop_c._engine.fit cimport RATE_NOW, Fit, bytes_of_weights
from backprop_c._engine.measures cimport MetricSet
from backprop_c._engine.memory cimport Memory, put_back, room_for, take_memory
from backprop_c._engine.order cimport bitgen_t
from backprop_c._engine.outcome cimport OptimizerState, Record
from backprop_c._engine.own_loss cimport LossCaller
from backprop_c._engine.passes cimport (
    WORK_OF_SHORT_RUN, lay_out_pass, parts_of_batch, room_for_pass, set_pass,
)
from backprop_c._engine.phases cimport choose_phases
from backprop_c._engine.plan cimport WORK_FOR_THREADS
from backprop_c._engine.states cimport (
    check_state, first_state, give_state, set_hyperparameters, set_plateau, set_schedule,
    take_state, with_schedule,
)
from backprop_c._kernels.table cimport Plan, Table
from backprop_c._system.platform cimport SECONDS_OF_RUN, load_flag
from backprop_c._system.sharing cimport load_shared

from backprop_c._engine import parameters as shared

cnp.import_array()


cdef class Trainer:
    """One fit over validated samples.

    Parameters
    ----------
    engine : Engine
        The network.
    metrics : MetricSet
        The samples that it is trained with, and what is measured and recorded of them.
    validation : MetricSet or None
        What each epoch ends with: the loss and as many metrics over other samples, recorded behind
        those of the training.
    own_loss : callable or None
        The loss of a network that has one of its own.
    """

    def __init__(self, Engine engine not None, MetricSet metrics not None,
                 MetricSet validation=None, own_loss=None):
        if self.engine is not None:
            raise RuntimeError("a trainer is constructed once")
        engine.require_set_up()
        samples = metrics.samples_of(engine)
        if validation is not None:
            validation.samples_of(engine)
            if validation.measures.n_measures != metrics.measures.n_measures:
                raise TypeError("as many metrics are recorded of the validation")
        self.samples, self.metrics, self.validation = samples, metrics, validation
        self.fit_.asks = len(metrics.functions) > 0
        if own_loss is not None:
            self.own_loss, self.own_validation_loss = LossCaller(own_loss), LossCaller(own_loss)
        self.fit_.columns = (1 + metrics.measures.n_measures) * (1 if validation is None else 2)
        self.record = Record(self.fit_.columns)
        self.engine = engine

    def __dealloc__(self):
        if self.claimed and self.engine is not None:
            self.engine.give_back_training(self.number())

    cdef uint64_t number(self) noexcept:
        """What tells this fit from others of the network."""
        return <uint64_t><uintptr_t><void*>self

    # -- Before it begins ----------------------------------------------------------------------

    # Where other kinds of steps come in.

    cdef _choose_training_plan(self, bint single, const Table** table_out, const Plan** plan_out):
        """The shape of work for training."""
        if single:
            table_out[0], plan_out[0] = self.engine.single_table, &self.engine.single
        else:
            table_out[0], plan_out[0] = self.engine.table, &self.engine.plan

    cdef size_t _room_for_steps(self) noexcept:
        """The memory that steps need beside what every fit has."""
        return 0

    cdef void _lay_out_steps(self, Memory memory) noexcept:
        """Give them that memory."""

    cdef bint _worth_threads(self) noexcept:
        """Whether there is anything that threads could share."""
        return parts_of_batch(self.fit_.training.plan, self.fit_.training.batch_size) > 1

    cdef void _share_board(self, Board* board) noexcept:
        """Have passes done by the threads of a board; NULL: by one."""
        self.fit_.training.board = self.fit_.validation.board = board

    cdef _set_passes(self, Py_ssize_t batch_size, double epochs, Py_ssize_t n_threads):
        """Choose the shape of work for training and validation, and the number of threads."""
        cdef Fit* fit = &self.fit_
        cdef Engine engine = self.engine
        cdef Py_ssize_t n_samples = self.samples.n_samples
        cdef bint single = min(batch_size, n_samples) == 1
        cdef const Table* table = NULL
        cdef const Plan* plan = NULL
        self._choose_training_plan(single, &table, &plan)
        set_pass(&fit.training, table, plan, &self.samples.samples, n_samples, batch_size,
                 self.metrics.asked())
        if self.validation is not None:
            n_samples = self.validation.samples.n_samples
            single = n_samples == 1
            set_pass(&fit.validation, engine.single_table if single else engine.table,
                     &engine.single if single else &engine.plan,
                     &self.validation.samples.samples, n_samples, n_samples,
                     self.validation.asked())
            self.work_of_epoch = <double>n_samples * fit.validation.plan.work
        self.work_of_epoch += <double>fit.training.n_samples * fit.training.plan.work
        self.n_threads = n_threads
        if (not self._worth_threads()
                or epochs * fit.training.n_samples * fit.training.plan.work < WORK_FOR_THREADS):
            self.n_threads = 1

    cdef _lay_out_memory(self, size_t bytes_of_state, bint ordered, bint best):
        """Get all the memory of the fit at once."""
        cdef Fit* fit = &self.fit_
        cdef Memory memory
        cdef Py_ssize_t n_states = 4 if best else 3
        cdef Py_ssize_t n_ranges = fit.training.plan.n_ranges
        cdef size_t bytes_before = bytes_of_weights(fit.training.plan, fit.training.table)
        cdef size_t bytes_of_order = fit.training.n_samples * sizeof(Py_ssize_t) if ordered else 0
        memory = self.memory = take_memory(
            room_for_pass(&fit.training, self.n_threads, True)
            + (room_for_pass(&fit.validation, self.n_threads, False) if self.validation else 0)
            + n_states * room_for(bytes_of_state) + 2 * room_for(n_ranges * sizeof(double))
            + room_for(bytes_of_order) + room_for(bytes_before)
            + self._room_for_steps())
        lay_out_pass(&fit.training, memory, self.n_threads, True)
        if self.validation is not None:
            lay_out_pass(&fit.validation, memory, self.n_threads, False)
        fit.live.vectors = memory.cut(bytes_of_state)
        fit.ends[0].vectors = memory.cut(bytes_of_state)
        fit.ends[1].vectors = memory.cut(bytes_of_state)
        if best:
            fit.best.vectors = memory.cut(bytes_of_state)
        fit.range_penalties = <double*>memory.cut(n_ranges * sizeof(double))
        fit.range_squares = <double*>memory.cut(n_ranges * sizeof(double))
        fit.before = memory.cut(bytes_before)
        self._lay_out_steps(memory)
        if ordered:
            fit.order = <Py_ssize_t*>memory.cut(bytes_of_order)
            fit.training.samples.order = fit.order

    cdef _take_state(self, OptimizerState optimizer_state, size_t bytes_of_state,
                     tuple of_schedule):
        """Begin with the network's parameters and the optimizer's state, or a fresh one."""
        cdef Fit* fit = &self.fit_
        if optimizer_state is None:
            optimizer_state = first_state(fit.update, fit.hyperparameters,
                                          fit.training.plan.n_parameters,
                                          self.engine.type_number, of_schedule)
        optimizer_state = with_schedule(optimizer_state, fit.update, of_schedule)
        check_state(optimizer_state, fit, self.engine.type_number)
        self.optimizer_state = optimizer_state
        memset(fit.live.vectors, 0, bytes_of_state)
        self.engine.fetch(fit.live.vectors)
        take_state(fit, self.optimizer_state)
        keep_states(fit)

    def prepare(self, Py_ssize_t epochs, Py_ssize_t batch_size, int update, tuple hyperparameters,
                bit_generator, OptimizerState optimizer_state, Py_ssize_t n_threads=1, *,
                bint shuffled=True, double clip_norm=0, double clip_value=0,
                tuple schedule=None, rate_of_epoch=None, tuple plateau=None,
                tuple early_stop=None, tuple goal=None, bint watched=False,
                bint shuffles_again=False, bint penalties_by_batch=False,
                double loss_divisor=0, bint any_is_best=False):
        """Make it the engine's one fit, until `close`: take the private copies.

        Parameters
        ----------
        epochs, batch_size : int
        update : int
            Code of the update rule.
        hyperparameters : tuple of float
            In the rule's order.
        bit_generator : numpy.random.BitGenerator or None
            What draws each epoch's order, and what is dropped; None draws nothing.
        optimizer_state : OptimizerState or None
            To go on from there; it becomes what this fit leads to. None begins a new one.
        n_threads : int
            How many may share the work, where it is enough for several.
        shuffled : bool
            Whether the order is drawn; if not, the rows are taken as they stand.
        clip_norm : float
            The largest norm of a step's mean gradient; 0 sets no limit.
        clip_value : float
            The largest size of its entries; 0 sets no limit.
        schedule : tuple (int, tuple of float, int or None) or None
            The schedule's code, its parameters, and its length in epochs or None for that of
            this fit.
        rate_of_epoch : callable or None
            In place of a schedule: a function of the epoch, from 0, that is called before it.
        plateau : tuple or None
            In place of a schedule: the record's column that is watched, the sign as for early_stop,
            the factor, the patience, the threshold, the epochs of cooling down, the lowest learning
            rate, and what the optimizer's state has of it at first.
        early_stop : tuple (int, int, float, int, bool) or None
            The record's column that is watched, -1 where more is better or else 1, the least
            improvement, the patience in epochs, and whether to restore the best epoch.
        goal : tuple (int, int, float) or None
            The record's column that is watched, -1 where more is better or else 1, and the value
            that ends the fit.
        watched : bool
            Whether Python code looks at the network after each epoch.
        shuffles_again : bool
            Whether an epoch's order is the last one's, shuffled as numpy.random.RandomState does,
            and not drawn anew.
        penalties_by_batch : bool
            Whether a batch's penalties are divided by its weight.
        loss_divisor : float
            Where it is not 0, the reported loss of training is the mean over batches by their rows,
            whatever the samples' weights are, and what is lost of the samples is divided by this.
            The validation's loss is divided, too, and has no penalties.
        any_is_best : bool
            Whether early stopping takes an epoch for the best one by any improvement; the least
            improvement is for its patience alone.

        Raises
        ------
        RuntimeError
            If the engine has a fit.
        ValueError
            If the parameters are read-only, or the optimizer's state is of something else.
        """
        cdef Fit* fit = &self.fit_
        cdef size_t bytes_of_state
        cdef Py_ssize_t k
        if self.engine is None or fit.update != NULL:
            raise RuntimeError("a trainer is constructed and then prepared once")
        self.engine.claim_training(self.number())
        self.claimed = True
        fit.stop = self.engine.stop_flag()
        self._set_passes(batch_size, epochs, n_threads)
        fit.update = fit.training.table.updates + update
        fit.n_carried = fit.update.n_carried
        set_hyperparameters(fit, hyperparameters)
        fit.clip_norm, fit.clip_value = clip_norm, clip_value
        fit.penalties_by_batch, fit.loss_divisor = penalties_by_batch, loss_divisor
        fit.decides = not (early_stop is None and goal is None and plateau is None)
        fit.early.column = fit.goal.column = fit.plateau.column = -1
        if plateau is not None:
            set_plateau(fit, plateau)
        if goal is not None:
            fit.goal.column, fit.goal.sign, fit.goal.value = goal
        if early_stop is not None:
            (fit.early.column, fit.early.sign, fit.early.min_delta, fit.early.patience,
             fit.early.restore_best) = early_stop
            fit.early.any_is_best = any_is_best
        ordered = (shuffled and bit_generator is not None
                   and fit.training.batch_size < fit.training.n_samples)
        fit.training.slab.dropping = fit.training.plan.drops and bit_generator is not None
        bytes_of_state = (
            fit.training.plan.stride * fit.training.table.real_bytes * (1 + fit.update.n_states))
        self._lay_out_memory(bytes_of_state, ordered, fit.early.restore_best)
        if fit.update.update == NULL and fit.end_step == NULL:
            raise TypeError("this rule makes its steps by another kind of trainer")
        self._take_state(optimizer_state, bytes_of_state, plateau[-1] if plateau else ())
        if plateau is not None:
            fit.hyperparameters[0] = fit.live.carried[fit.plateau.at + RATE_NOW]
        fit.training.parameters = fit.validation.parameters = fit.live.vectors
        if schedule is not None:
            set_schedule(fit, schedule, epochs)
        if self.own_loss is not None:
            self.own_loss.attach(&fit.training, self.samples)
            if self.validation is not None:
                self.own_validation_loss.attach(&fit.validation, self.validation.samples)
        choose_phases(fit)
        fit.shuffles_again = shuffles_again
        if ordered and shuffles_again:
            for k in range(fit.training.n_samples):
                fit.order[k] = k
        if ordered or fit.training.slab.dropping:
            self.bit_generator = bit_generator
            fit.bit_generator = <bitgen_t*>PyCapsule_GetPointer(
                bit_generator.capsule, "BitGenerator")
        self.epochs_left = epochs
        self.epochs_at_a_time = epochs
        self.watched = watched
        self.rate_of_epoch = rate_of_epoch
        self.calls = self.own_loss is not None or fit.asks
        if watched or self.calls or rate_of_epoch is not None:
            self.epochs_at_a_time = 1

    # -- Its runs ------------------------------------------------------------------------------

    def fit(self, begin, *arguments, **options):
        """Prepare, run to the end, and close.

        Parameters
        ----------
        begin : callable
            Called with the optimizer's state once the engine is this fit's. It returns None, or
            something whose `update(record)` is called after each run and says whether to stop,
            and whose `close(record)` is called at the end.
        *arguments, **options
            Those of `prepare`.
        """
        try:
            self.prepare(*arguments, **options)
            self.watcher = begin(self.optimizer_state)
            while self.go_on():
                pass
        finally:
            try:
                self.close()
            finally:
                if self.watcher is not None:
                    self.watcher.close(self.record)

    def go_on(self):
        """A run, and what looks at it; returns whether there is more to do."""
        more = self.run()
        if self.watcher is not None:
            # An exception ends the fit as Ctrl-C does, in the last epoch, too.
            self.over = False
            more = not self.watcher.update(self.record) and more
            # What is called may have asked for a stop.
            more = more and (self.fit_.begun or not load_flag(self.fit_.stop))
            self.over = not more
        return more

    cdef _have_threads(self):
        """The threads are there, if there are to be several."""
        if self.n_threads > 1 and self.crew is None:
            self.crew = Crew()
            self.crew.begin(self.n_threads)
            self._share_board(&self.crew.board)

    cdef _make_ready(self):
        """Before a run: the threads are there, and room for what it records."""
        cdef Fit* fit = &self.fit_
        self._have_threads()
        fit.epochs_before += fit.epoch
        fit.epoch = 0
        fit.record = self.record.room(self.epochs_left, &fit.epochs)
        fit.epochs = min(fit.epochs, self.epochs_at_a_time)
        if self.rate_of_epoch is not None and not fit.begun and self.epochs_left > 0:
            n_samples, batch_size = fit.training.n_samples, fit.training.batch_size
            steps_of_epoch = (n_samples + batch_size - 1) // batch_size
            fit.hyperparameters[0] = self.rate_of_epoch(fit.live.steps // steps_of_epoch)

    cdef void _drive(self, double seconds) noexcept:
        """One run of the driver; no Python code runs meanwhile, but a loss of the caller's."""
        cdef Fit* fit = &self.fit_
        if fit.epochs * self.work_of_epoch <= WORK_OF_SHORT_RUN:
            run_fit(fit, seconds)
        else:
            with nogil:
                run_fit(fit, seconds)
        self.record.add(fit.epoch, fit.early.best_epoch)
        self.epochs_left -= fit.epoch

    cdef _answer(self):
        """Have the values of the caller's metrics, at the end of an epoch's passes."""
        self.fit_.waits = False
        self.metrics.call_functions(&self.fit_.training)
        if self.validation is not None:
            self.validation.call_functions(&self.fit_.validation)
        self.fit_.answered = True

    cdef void _draw(self) noexcept:
        """The next epoch's order alone."""
        with nogil:
            draw_epoch(&self.fit_)

    def run(self, double seconds=SECONDS_OF_RUN):
        """Train for about this many seconds; returns whether there is more to do.

        Signals are looked for afterwards: KeyboardInterrupt comes from here.
        """
        cdef Fit* fit = &self.fit_
        cdef bint over
        if not self.claimed:
            raise RuntimeError("a run needs a trainer that is prepared for a fit, and not closed")
        self._make_ready()
        if self.bit_generator is None:
            self._drive(seconds)
        else:
            # A signal's handler may draw from the generator, and its lock may be one that the
            # same thread cannot take twice: so no Python code runs while it is held.
            with self.bit_generator.lock:
                shared.drawn_from[id(self.bit_generator)] = self.bit_generator
                if self.calls:
                    self._draw()
                else:
                    self._drive(seconds)
                del shared.drawn_from[id(self.bit_generator)]
            if self.calls:
                self._drive(seconds)
        if self.own_loss is not None:
            self.own_loss.raise_error()
            self.own_validation_loss.raise_error()
        if fit.waits:
            self._answer()
            self._drive(seconds)
        # A stop waits for the end of the epoch.
        over = (self.epochs_left == 0 or fit.diverged or fit.early.reached or fit.goal.reached
                or fit.ended or (load_flag(fit.stop) and not fit.begun))
        # Who looks after each epoch must see that epoch.
        self._publish(over or self.watched)
        PyErr_CheckSignals()
        self.over = over
        return not over

    # -- Its end -------------------------------------------------------------------------------

    def close(self):
        """Hand over what is finished, end the threads, and give the engine back to other fits."""
        try:
            if self.claimed:
                if self.over and self.fit_.early.restore_best:
                    restore_best(&self.fit_)
                    self.published = -1
                if self.optimizer_state is not None and (
                        self.engine.fingerprint() != self.engine.written):
                    # Somebody wrote to what was published last, as a callback might.
                    self.published = -1
                self._publish(True)
        finally:
            if self.claimed:
                self._hand_over_state()
                if self.memory is not None:
                    put_back(self.memory)
                    self.memory = None
                self.claimed = False
                self.engine.give_back_training(self.number())
            if self.crew is not None:
                self._share_board(NULL)
                self.crew.end()
                self.crew = None

    cdef _publish(self, bint wait):
        """Publish what is new: while others read, only if it is worth waiting for."""
        cdef Py_ssize_t newest = self.record.epochs + self.fit_.diverged
        if newest != self.published and (wait or load_shared(&self.engine.sharing.readers) == 0):
            self.published = newest
            self.engine.publish(self.fit_.finished.vectors, &self.overwritten)

    cdef void _hand_over_state(self) noexcept:
        """The optimizer's state as of the last published epoch; of no fit, nothing."""
        if self.optimizer_state is not None:
            give_state(&self.fit_, self.fit_.finished, self.optimizer_state)

    @property
    def diverged(self):
        """Whether the loss, or what the last epoch's updates led to, was not finite."""
        return bool(self.fit_.diverged)

    @property
    def reached_goal(self):
        """Whether the last epoch reached the goal."""
        return bool(self.fit_.goal.reached)

    @property
    def settled(self):
        """Whether no step leads to a smaller loss any more."""
        return bool(self.fit_.settled)

    @property
    def ended_by(self):
        """Why no further step was made, in a word, where the optimizer has a reason; or None."""
        return None

    @property
    def loss_at_end(self):
        """The loss at the end of the last step, where the optimizer knows it; or None."""
        return None

    @property
    def overflowed(self):
        """Whether the loss of that epoch was finite, and its updates were not."""
        return bool(self.fit_.overflowed)
