"""Trainer: everything that a run of training owns, and the only door to the nogil driver.

A fit works on private copies of the parameters and of the optimizer's state, and publishes
finished epochs to its engine. A pass changes nothing: loss, metrics and gradient.
"""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport uint64_t, uintptr_t
from libc.string cimport memcpy, memset

import numpy as np

from backprop_c._engine.crew cimport Crew
from backprop_c._engine.engine cimport Engine
from backprop_c._system.platform cimport SECONDS_OF_RUN, load_flag, release
from backprop_c._kernels.table cimport Plan, Sums
from backprop_c._engine.loop cimport Job, bitgen_t, do_task, run, slab_size
from backprop_c._engine.outcome cimport OptimizerState, Record
from backprop_c._engine.plan cimport WORK_FOR_THREADS
from backprop_c._engine.parameters cimport allocated
from backprop_c._system.sharing cimport load_shared

from backprop_c._engine import parameters as shared

cnp.import_array()


cdef enum:
    # The GIL is kept below some 20 microseconds: multiplications of forward passes.
    WORK_OF_SHORT_RUN = 15000
    MAX_HYPERPARAMETERS = 8


# The flag of a pass, which nobody stops.
cdef int never = 0


cdef bint is_plain(array, int type_number, Py_ssize_t n_rows, Py_ssize_t n_columns):
    """Whether the kernels can read an array as it stands; one of one dimension has no columns."""
    cdef cnp.ndarray given
    cdef int ndim = 2 if n_columns else 1
    if not isinstance(array, cnp.ndarray):
        return False
    given = <cnp.ndarray>array
    return (
        cnp.PyArray_TYPE(given) == type_number
        and cnp.PyArray_ISCARRAY_RO(given)
        and cnp.PyArray_NDIM(given) == ndim
        and cnp.PyArray_DIM(given, 0) == n_rows
        and (ndim == 1 or cnp.PyArray_DIM(given, 1) == n_columns)
    )


cdef bint are_labels(array, Py_ssize_t n_rows, Py_ssize_t n_out):
    """Whether an array holds class indices that the kernels can use as such."""
    cdef const long long* labels
    cdef Py_ssize_t k
    if not is_plain(array, cnp.NPY_INT64, n_rows, 0):
        return False
    labels = <const long long*>cnp.PyArray_DATA(<cnp.ndarray>array)
    for k in range(n_rows):
        if not 0 <= labels[k] < n_out:
            return False
    return True


cdef class Trainer:
    """One fit, or one pass, over validated samples.

    Parameters
    ----------
    engine : Engine
        The network.
    X, y : ndarray
        C-contiguous, finite, of the engine's dtype; y is (n_samples, n_out), or (n_samples,)
        int64 class indices.
    sample_weights : ndarray of shape (n_samples,) or None
        Of the engine's dtype.
    metrics : tuple of int
        Codes of the metrics to record, ascending.
    """

    cdef Job job
    cdef Engine engine
    cdef double hyperparameters[MAX_HYPERPARAMETERS]
    cdef tuple arrays              # keeps alive what the job points to
    cdef object bit_generator
    cdef bint claimed              # the engine is this trainer's
    cdef readonly Record record
    cdef readonly OptimizerState optimizer_state
    cdef Py_ssize_t epochs_left
    cdef Py_ssize_t published      # epochs, and 1 more after a divergence
    cdef readonly bint overwritten  # somebody wrote to the parameters, and this fit wrote over it
    cdef readonly Py_ssize_t n_threads
    cdef Crew crew                 # from the first run to `close`, where there are several threads

    def __init__(self, Engine engine not None, X, y, sample_weights, tuple metrics):
        cdef Job* job = &self.job
        cdef Py_ssize_t n_out, n_samples
        engine.require_set_up()
        if job.table != NULL:
            raise RuntimeError("a trainer is constructed once")
        n_samples = len(X)
        n_out = engine.plan.layers[engine.plan.n_layers - 1].n_out
        if not (
            is_plain(X, engine.type_number, n_samples, engine.plan.layers[0].n_in)
            and (is_plain(y, engine.type_number, n_samples, n_out)
                 or are_labels(y, n_samples, n_out))
            and (sample_weights is None
                 or is_plain(sample_weights, engine.type_number, n_samples, 0))
        ):
            raise TypeError("a trainer takes arrays that have been validated")
        self.engine = engine
        self.arrays = (X, y, sample_weights)
        job.columns = 1 + len(metrics)
        job.stop = &never
        self.record = Record(job.columns)
        job.table = engine.table
        job.samples.X = cnp.PyArray_DATA(<cnp.ndarray>X)
        if cnp.PyArray_NDIM(<cnp.ndarray>y) == 2:
            job.samples.y = cnp.PyArray_DATA(<cnp.ndarray>y)
        else:
            job.samples.labels = <const long long*>cnp.PyArray_DATA(<cnp.ndarray>y)
        if sample_weights is not None:
            job.samples.sample_weights = cnp.PyArray_DATA(<cnp.ndarray>sample_weights)
        job.n_samples = n_samples
        for code in metrics:
            job.slab.metrics |= 1 << <int>code

    def __dealloc__(self):
        if self.claimed and self.engine is not None:
            self.engine.give_back_training(self.number())
        release(self.job.workspaces)
        release(self.job.slab_rows)
        release(self.job.part_sums)
        release(self.job.gradient)
        if self.job.update != NULL:
            release(self.job.order)
            release(self.job.live.numbers)
            release(self.job.finished.numbers)
            release(self.job.earlier.numbers)

    cdef uint64_t number(self) noexcept:
        """What tells this fit from others of the network."""
        return <uint64_t><uintptr_t><void*>self

    cdef _equip(self, Py_ssize_t batch_size, double epochs, bint gradient_wanted,
                Py_ssize_t n_threads):
        """Choose the shape of work, and get the memory and the number of threads for it."""
        cdef Job* job = &self.job
        cdef const Plan* plan = &self.engine.plan
        cdef double work
        job.batch_size = min(batch_size, job.n_samples)
        if job.batch_size == 1:
            job.table = self.engine.single_table
            plan = &self.engine.single
        job.plan = plan
        job.work = job.table.work + plan.shape
        batch_slab = min(job.batch_size, slab_size(plan))
        n_parts = (batch_slab + plan.part_rows - 1) // plan.part_rows
        work = epochs * job.n_samples * plan.work
        self.n_threads = 1 if work < WORK_FOR_THREADS or n_parts == 1 else n_threads
        # A slab has room for what this batch needs.
        job.slab.capacity = n_parts * plan.part_rows
        job.workspaces = allocated(self.n_threads * plan.workspace_bytes)
        job.slab_rows = allocated(plan.row_numbers * job.slab.capacity * job.table.real_bytes)
        job.part_sums = <Sums*>allocated(n_parts * sizeof(Sums))
        if gradient_wanted:
            job.gradient = allocated(
                (plan.stride + (n_parts - 1) * plan.part_stride) * job.table.real_bytes)

    cdef _make_ready(self):
        """Before a run: the threads are there, and room for what it records."""
        cdef Job* job = &self.job
        if self.n_threads > 1 and self.crew is None:
            self.crew = Crew()
            self.crew.begin(self.n_threads, do_task, job)
            job.phases = &self.crew.phases
        job.epoch = 0
        job.record = self.record.room(self.epochs_left, &job.epochs)

    cdef void _drive(self, double seconds) noexcept:
        """One run of the driver; no Python code runs meanwhile."""
        cdef Job* job = &self.job
        if <double>self.epochs_left * job.n_samples * job.plan.work <= WORK_OF_SHORT_RUN:
            run(job, seconds)
        else:
            with nogil:
                run(job, seconds)
        self.record.add(job.epoch)
        self.epochs_left -= job.epoch

    # -- A pass ------------------------------------------------------------------------------

    def evaluate(self, bint gradient_wanted):
        """The loss and the metrics over all samples, and the gradient or None."""
        cdef Job* job = &self.job
        cdef const char* numbers = NULL
        gradient = None
        if job.table == NULL or job.work != NULL:
            raise RuntimeError("a pass needs a fresh trainer")
        self.epochs_left = 1
        self._equip(job.n_samples, 1, gradient_wanted, 1)
        self._make_ready()
        try:
            numbers = self.engine.begin_reading()
            while True:
                job.live.numbers = <char*>numbers
                self._drive(SECONDS_OF_RUN)
                if self.epochs_left == 0:
                    break
                numbers = self.engine.go_on_reading(numbers)
                PyErr_CheckSignals()
        finally:
            job.live.numbers = NULL
            if numbers != NULL:
                self.engine.end_reading(numbers)
        if gradient_wanted:
            gradient = np.empty(job.plan.n_parameters, dtype=self.engine.dtype)
            memcpy(cnp.PyArray_DATA(<cnp.ndarray>gradient), job.gradient,
                   job.plan.n_parameters * job.table.real_bytes)
            with np.errstate(all="ignore"):
                gradient /= job.sums.weight
        return self.record.values()[0], gradient

    # -- A fit -------------------------------------------------------------------------------

    def prepare(self, Py_ssize_t epochs, Py_ssize_t batch_size, int update, tuple hyperparameters,
                bit_generator, optimizer_state, Py_ssize_t n_threads=1):
        """Make it the engine's one fit, until `close`: take the private copies.

        Parameters
        ----------
        epochs, batch_size : int
        update : int
            Code of the update rule.
        hyperparameters : tuple of float
            In the rule's order.
        bit_generator : numpy.random.BitGenerator or None
            What draws each epoch's order; None takes the rows as they stand.
        optimizer_state : OptimizerState or None
            To go on from there; it becomes what this fit leads to. None begins a new one.
        n_threads : int
            How many may share the work, where it is enough for several.

        Raises
        ------
        RuntimeError
            If the engine has a fit.
        ValueError
            If the parameters are read-only, or the optimizer's state is of something else.
        """
        cdef Job* job = &self.job
        cdef size_t parameter_bytes, state_bytes, all_bytes
        cdef Py_ssize_t k
        if job.table == NULL or job.work != NULL:
            raise RuntimeError("a trainer is constructed and then prepared once")
        if len(hyperparameters) > MAX_HYPERPARAMETERS:
            raise ValueError(
                f"an optimizer has at most {MAX_HYPERPARAMETERS} hyperparameters, "
                f"but this one has {len(hyperparameters)}")
        self.engine.claim_training(self.number())
        job.stop = &self.engine.stop_wanted
        self.claimed = True
        self._equip(batch_size, epochs, True, n_threads)
        parameter_bytes = job.plan.n_parameters * job.table.real_bytes
        state_bytes = job.plan.stride * job.table.real_bytes
        job.update = job.table.updates + update
        for k, value in enumerate(hyperparameters):
            self.hyperparameters[k] = value
        job.hyperparameters = self.hyperparameters
        all_bytes = state_bytes * (1 + job.update.n_states)
        job.live.numbers = allocated(all_bytes)
        job.finished.numbers = allocated(all_bytes)
        job.earlier.numbers = allocated(all_bytes)
        memset(job.live.numbers, 0, all_bytes)
        self.engine.fetch(job.live.numbers)
        n_numbers = job.plan.n_parameters * job.update.n_states
        if optimizer_state is None:
            optimizer_state = OptimizerState(
                job.update.name.decode(), 0, np.zeros(n_numbers, self.engine.dtype))
        vectors = optimizer_state.vectors
        if not (is_plain(vectors, self.engine.type_number, n_numbers, 0)
                and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>vectors)):
            raise ValueError("the optimizer's state is not of this network and update rule")
        self.optimizer_state = optimizer_state
        job.live.steps = self.optimizer_state.steps
        for k in range(job.update.n_states):
            memcpy(job.live.numbers + (k + 1) * state_bytes,
                   cnp.PyArray_BYTES(<cnp.ndarray>vectors) + k * parameter_bytes,
                   parameter_bytes)
        memcpy(job.finished.numbers, job.live.numbers, all_bytes)
        memcpy(job.earlier.numbers, job.live.numbers, all_bytes)
        job.finished.steps = job.earlier.steps = job.live.steps
        if bit_generator is not None and job.batch_size < job.n_samples:
            self.bit_generator = bit_generator
            job.bit_generator = <bitgen_t*>PyCapsule_GetPointer(
                bit_generator.capsule, "BitGenerator")
            job.order = <Py_ssize_t*>allocated(job.n_samples * sizeof(Py_ssize_t))
            job.samples.order = job.order
        self.epochs_left = epochs

    def fit(self, begin, *arguments):
        """Prepare, run to the end, and close.

        Parameters
        ----------
        begin : callable
            Called with the optimizer's state once the engine is this fit's. It returns None, or
            something whose `update(epochs, loss)` and `close()` show the progress.
        *arguments
            Those of `prepare`.
        """
        progress = None
        try:
            self.prepare(*arguments)
            progress = begin(self.optimizer_state)
            while self.run():
                if progress is not None:
                    progress.update(self.record.epochs, self.record.last())
        finally:
            try:
                self.close()
            finally:
                if progress is not None:
                    progress.update(self.record.epochs, self.record.last())
                    progress.close()

    def close(self):
        """Hand over what is finished, end the threads, and give the engine back to other fits."""
        try:
            if self.claimed:
                self._publish(True)
        finally:
            if self.claimed:
                self._hand_over_state()
                self.claimed = False
                self.engine.give_back_training(self.number())
            if self.crew is not None:
                self.job.phases = NULL
                self.crew.end()
                self.crew = None

    def run(self, double seconds=SECONDS_OF_RUN):
        """Train for about so long; whether there is more to do.

        Signals are looked for afterwards: KeyboardInterrupt comes from here.
        """
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
                self._drive(seconds)
                del shared.drawn_from[id(self.bit_generator)]
        # A stop waits for the end of the epoch.
        over = (self.epochs_left == 0 or self.job.diverged
                or (load_flag(self.job.stop) and not self.job.begun))
        self._publish(over)
        PyErr_CheckSignals()
        return not over

    cdef _publish(self, bint wait):
        """Publish what is new. While others read, only a fit's end is worth waiting for."""
        cdef Py_ssize_t newest = self.record.epochs + self.job.diverged
        if newest != self.published and (wait or load_shared(&self.engine.readers) == 0):
            self.published = newest
            self.engine.publish(self.job.finished.numbers, &self.overwritten)

    cdef void _hand_over_state(self) noexcept:
        """The optimizer's state as of the last published epoch; of no fit, nothing."""
        cdef Job* job = &self.job
        cdef size_t parameter_bytes
        cdef Py_ssize_t k
        if self.optimizer_state is None:
            return
        parameter_bytes = job.plan.n_parameters * job.table.real_bytes
        self.optimizer_state.steps = job.finished.steps
        for k in range(job.update.n_states):
            memcpy(cnp.PyArray_BYTES(self.optimizer_state.vectors) + k * parameter_bytes,
                   job.finished.numbers + (k + 1) * job.plan.stride * job.table.real_bytes,
                   parameter_bytes)

    @property
    def diverged(self):
        """Whether the loss, or what the last epoch's updates led to, was not finite."""
        return bool(self.job.diverged)

    @property
    def overflowed(self):
        """Whether the loss of that epoch was finite, and its updates were not."""
        return bool(self.job.overflowed)
