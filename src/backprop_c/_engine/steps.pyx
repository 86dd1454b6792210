"""train_step: one update with one row or one batch, by the shortest way.

It is a fit of one batch, whose memory is kept. The update is made in private copies, and comes to
the network's parameters when it is known to be finite.
"""

cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport isfinite
from libc.stdint cimport uint64_t, uintptr_t
from libc.string cimport memcpy, memset

from backprop_c._engine.fit cimport Fit, bytes_of_weights
from backprop_c._engine.jacobians cimport Jacobians
from backprop_c._engine.memory cimport Memory, room_for
from backprop_c._engine.order cimport bitgen_t
from backprop_c._engine.own_loss cimport LossCaller
from backprop_c._engine.passes cimport (
    WORK_OF_SHORT_RUN, Pass, begin_pass, lay_out_pass, room_for_pass, run_slab, set_pass,
)
from backprop_c._engine.phases cimport choose_phases
from backprop_c._engine.samples cimport SampleSet, are_targets, is_plain
from backprop_c._engine.states cimport (
    check_state, first_state, give_state, refuse_watching, set_hyperparameters, set_schedule,
    take_state, with_schedule,
)
from backprop_c._kernels.table cimport Loss, Samples, Table
from backprop_c._system.sharing cimport (
    begin_write, end_write, load_shared, swap_shared,
)

import numpy as np

cnp.import_array()

cdef tuple INTEGERS = (int, np.integer)
cdef tuple NUMBERS = (int, float, np.integer, np.floating)


cdef void run_whole_pass(Pass* p) noexcept nogil:
    """All samples, without a look at the clock."""
    while p.row < p.n_samples and not p.failed:
        run_slab(p)


cdef class Step:
    """What a network keeps from one train_step to the next."""

    def __cinit__(self):
        self.memory = Memory()


cdef class Stepper(Jacobians):
    """Single steps of training with the parameters of a network."""

    def train_step(self, X, y=None, *, sample_weight=None, output_gradient=None):
        """Make one update with one sample or one batch, and say the loss before it.

        It uses `optimizer` and goes on with its state. So steps over the rows of X, one by one,
        lead to the same bits as an online fit over them: ``fit(X, y, batch_size=1, epochs=1,
        shuffle=False)``. After the first call with as many samples nothing is allocated.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_in) or (n_in,)
            Samples, or one sample.
        y : array-like, optional
            Targets as for `fit`; for one sample (n_out,), or a number where there is one output
            or the number is a class index. Left out if `output_gradient` is given.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the samples, as for `fit`; of shape (1,) for one sample.
        output_gradient : array-like of the outputs' shape, optional
            For each sample the derivative of its loss by its outputs, in place of targets: for
            losses that only the caller knows. The mean over the samples is taken, as of a loss.

        Returns
        -------
        float
            The loss of these samples before the update, penalties included. With
            `output_gradient` the penalties alone.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or value; nothing has changed then.
        RuntimeError
            If a fit or another step is training the network.

        Warns
        -----
        DivergenceWarning
            If the loss or the update is not finite. Nothing has changed then.
        RuntimeWarning
            If it waits for Cython code that reads the parameters and has not called
            ``end_reading``.

        Notes
        -----
        It is quickest if X and y are C-contiguous arrays of the network's dtype, or y is a number.
        A learning rate's schedule counts each call as an epoch, and needs its number of epochs.

        Examples
        --------
        >>> from backprop_c import Network, SGD
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [2.0, 1.0]
        >>> net.optimizer = SGD(learning_rate=0.1)
        >>> net.train_step([3.0], 6.0)
        0.5
        >>> net.parameters
        array([1.7, 0.9])
        """
        cdef Step step = Step() if self.step is None else self.step
        cdef cnp.ndarray x
        cdef Py_ssize_t n_samples = 0
        cdef double loss = 0
        cdef bint given = output_gradient is not None
        cdef bint kept = False
        cdef uint64_t number
        self.require_set_up()
        targets = output_gradient if given else y
        if sample_weight is None and not (given and y is not None) and self.fits(X):
            x = <cnp.ndarray>X
            n_samples = cnp.PyArray_DIM(x, 0) if cnp.PyArray_NDIM(x) == 2 else 1
            if not self.takes_targets(step, targets, n_samples, cnp.PyArray_NDIM(x), given):
                n_samples = 0
        if n_samples == 0:
            X, targets, sample_weight = self._as_step(X, y, sample_weight, output_gradient)
            # What is read is looked at once more: a subclass may have its own _as_step.
            SampleSet(self, X, targets, sample_weight)
            x = <cnp.ndarray>X
            n_samples = cnp.PyArray_DIM(x, 0)
        if not self.are_writable():
            self._require_writable("train_step")
        number = <uint64_t><uintptr_t><void*>step
        self.enlist()
        if not swap_shared(&self.sharing.trained_by, 0, number):
            raise RuntimeError(
                "this network is being trained by another fit or step: wait for it; stop() ends a "
                "fit")
        try:
            self.equip(step, n_samples, given)
            self.step = step
            loss = self.make(step, x, targets, sample_weight)
            kept = isfinite(loss) and self.commit(step)
        finally:
            if step.state_before is not None:
                self.end_drawing(step, kept)
            swap_shared(&self.sharing.trained_by, number, 0)
        if not kept:
            self._warn_of_step(loss)
        return loss

    @property
    def _step_memory(self):
        """What steps work with; None before the first."""
        return None if self.step is None else self.step.memory

    cdef bint takes_targets(self, Step step, object y, Py_ssize_t n_samples, int ndim, bint given):
        """Whether the kernels can read the targets of such samples as they stand."""
        cdef const Loss* loss = self.plan.loss
        cdef Py_ssize_t n_out = self.plan.layers[self.plan.n_layers - 1].n_out
        cdef cnp.ndarray array
        if not given and loss == self.table.given_delta:
            return False
        if type(y) is not cnp.ndarray:
            return not given and ndim == 1 and self.takes_number(step, y)
        if not is_plain(y, self.type_number, n_samples if ndim == 2 else n_out,
                        n_out if ndim == 2 else 0):
            return False
        array = <cnp.ndarray>y
        if given:
            return self.table.all_finite(cnp.PyArray_SIZE(array), cnp.PyArray_DATA(array))
        return are_targets(loss, n_samples, n_out, self.type_number, cnp.PyArray_DATA(array))

    cdef bint takes_number(self, Step step, object y):
        """Whether a number is the class of one sample, or the target of its one output.

        It is kept in the step, where the kernels read it.
        """
        cdef Py_ssize_t n_out = self.plan.layers[self.plan.n_layers - 1].n_out
        if n_out > 1:
            if not (isinstance(y, INTEGERS) and 0 <= y < n_out):
                return False
            step.label = y
            return True
        if not isinstance(y, NUMBERS):
            return False
        step.double_target = y
        step.float_target = <float>step.double_target
        return are_targets(self.plan.loss, 1, 1, self.type_number, self.target_of(step))

    cdef const void* target_of(self, Step step) noexcept:
        """The target of one output, in the network's dtype."""
        if self.type_number == cnp.NPY_FLOAT32:
            return &step.float_target
        return &step.double_target

    cdef equip(self, Step step, Py_ssize_t n_samples, bint given):
        """Prepare for this number of samples and the current optimizer; usually all is ready."""
        cdef Fit* fit = &step.fit
        cdef const Table* table = self.single_table if n_samples == 1 else self.table
        cdef Samples samples
        cdef size_t bytes_of_state
        optimizer, state = self._optimizer, self._optimizer_state
        if (step.optimizer is optimizer and step.state is state and step.n_samples == n_samples
                and step.given == given):
            return
        # An exception in the midst of this leaves a step that must be equipped anew.
        step.n_samples = 0
        update, hyperparameters, options = self._optimizer_terms(optimizer)
        memset(fit, 0, sizeof(Fit))
        memset(&samples, 0, sizeof(Samples))
        step.plan = self.single if n_samples == 1 else self.plan
        if given:
            step.plan.loss = table.given_delta
        set_pass(&fit.training, table, &step.plan, &samples, n_samples, n_samples, NULL)
        fit.update = table.updates + <int>update
        fit.n_carried = fit.update.n_carried
        set_hyperparameters(fit, hyperparameters)
        fit.clip_norm, fit.clip_value = options["clip_norm"], options["clip_value"]
        if options["schedule"] is not None:
            set_schedule(fit, options["schedule"], None)
        if options["plateau"] is not None:
            refuse_watching("train_step")
        step.rate_of_epoch = options["rate_of_epoch"]
        bytes_of_state = step.plan.stride * table.real_bytes * (1 + fit.update.n_states)
        step.memory.reserve(
            room_for_pass(&fit.training, 1, True) + room_for(bytes_of_state)
            + 2 * room_for(step.plan.n_ranges * sizeof(double))
            + room_for(bytes_of_weights(&step.plan, table)))
        lay_out_pass(&fit.training, step.memory, 1, True)
        fit.live.vectors = step.memory.cut(bytes_of_state)
        memset(fit.live.vectors, 0, bytes_of_state)
        fit.range_penalties = <double*>step.memory.cut(step.plan.n_ranges * sizeof(double))
        fit.range_squares = <double*>step.memory.cut(step.plan.n_ranges * sizeof(double))
        fit.before = step.memory.cut(bytes_of_weights(&step.plan, table))
        fit.training.parameters = fit.live.vectors
        choose_phases(fit)
        if state is None or state.rule != optimizer.rule:
            state = first_state(fit.update, fit.hyperparameters, step.plan.n_parameters,
                                self.type_number)
        state = with_schedule(state, fit.update, ())
        check_state(state, fit, self.type_number)
        step.optimizer, step.state, step.given = optimizer, state, given
        step.n_samples = n_samples

    cdef double make(self, Step step, cnp.ndarray x, object y, object sample_weight) except *:
        """The step, in private copies; its loss."""
        cdef Fit* fit = &step.fit
        cdef Pass* training = &fit.training
        cdef LossCaller own_loss = None
        memcpy(fit.live.vectors, self.shared,
               step.plan.n_parameters * training.table.real_bytes)
        take_state(fit, step.state)
        if step.rate_of_epoch is not None:
            fit.hyperparameters[0] = step.rate_of_epoch(fit.live.steps)
        training.samples.X = cnp.PyArray_DATA(x)
        training.samples.y = NULL
        training.samples.labels = NULL
        training.samples.sample_weights = NULL
        training.before_batch = NULL
        if not isinstance(y, cnp.ndarray):
            if step.plan.layers[step.plan.n_layers - 1].n_out > 1:
                training.samples.labels = &step.label
            else:
                training.samples.y = self.target_of(step)
        elif cnp.PyArray_NDIM(<cnp.ndarray>y) == cnp.PyArray_NDIM(x):
            training.samples.y = cnp.PyArray_DATA(<cnp.ndarray>y)
        else:
            training.samples.labels = <const long long*>cnp.PyArray_DATA(<cnp.ndarray>y)
        if sample_weight is not None:
            training.samples.sample_weights = cnp.PyArray_DATA(<cnp.ndarray>sample_weight)
        if not step.given and step.plan.loss == training.table.given_delta:
            own_loss = LossCaller(self._own_loss)
            own_loss.attach(training, SampleSet(self, x, y, sample_weight))
        if step.plan.drops:
            self.draw_key(step)
        begin_pass(training)
        if step.n_samples * step.plan.work <= WORK_OF_SHORT_RUN:
            run_whole_pass(training)
        else:
            with nogil:
                run_whole_pass(training)
        if own_loss is not None:
            own_loss.raise_error()
        return training.sums.loss / training.sums.weight

    cdef draw_key(self, Step step):
        """What is dropped in this step is drawn from the network's generator, as in a fit."""
        cdef bitgen_t* drawn
        bit_generator = self._generator.bit_generator
        step.state_before = bit_generator.state
        drawn = <bitgen_t*>PyCapsule_GetPointer(bit_generator.capsule, "BitGenerator")
        with bit_generator.lock:
            step.fit.training.slab.key = drawn.next_uint64(drawn.state)
        step.fit.training.slab.dropping = True

    cdef end_drawing(self, Step step, bint kept):
        """The generator is as before, where the step was not made."""
        if not kept:
            self._generator.bit_generator.state = step.state_before
        step.state_before = None

    cdef bint commit(self, Step step) except -1:
        """Bring a step to the network, if it is finite; whether it is."""
        cdef Fit* fit = &step.fit
        cdef size_t n_bytes = step.plan.n_parameters * fit.training.table.real_bytes
        if not fit.training.table.all_finite(step.plan.n_parameters, fit.live.vectors):
            return False
        if load_shared(&self.sharing.readers):
            self.wait_for_readers("train_step", 1)
        begin_write(&self.sharing.short_readers, &self.sharing.writing)
        memcpy(self.shared, fit.live.vectors, n_bytes)
        end_write(&self.sharing.writing)
        give_state(fit, &fit.live, step.state)
        if self._optimizer_state is not step.state:
            self._optimizer_state = step.state
        return True
