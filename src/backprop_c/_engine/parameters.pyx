"""The parameters of one network: where they are, and who reads them while another thread trains."""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport uint64_t, uintptr_t
from libc.string cimport memcpy, memset

import itertools
import os
import warnings

import numpy as np

from backprop_c._system.platform cimport (
    CACHE_LINE, allocate, c_assert, give_way, load_flag, monotonic_seconds, pause_briefly, release,
    set_flag,
)
from backprop_c._kernels.table cimport BATCH, SINGLE, Layer, Plan, Table
from backprop_c._engine.memory cimport allocated
from backprop_c._engine.plan cimport free_plan, make_plan, one_lane_pays
from backprop_c._system.sharing cimport (
    add_shared, begin_short_read, begin_write, end_short_read, end_write, load_shared,
    store_shared, swap_shared,
)
from backprop_c._engine.tables cimport table_of

cnp.import_array()


# After this many seconds of waiting for readers, a fit or a step warns.
PATIENCE = 1.0


cdef class SharedParameters:
    """The parameters of one network, their layout, and the plans of work with them.

    Parameters
    ----------
    layer_sizes : tuple of int
        Units of the inputs, the hidden layers and the outputs.
    activations : tuple of (int, tuple of float)
        One a layer: its place in the kernels' table, and its parameters.
    loss : (int, tuple of float)
        Likewise.
    biases : bool
        Whether layers have biases.
    dtype : numpy.dtype
        float32 or float64.
    l1, l2, dropout, max_norm : tuple of float
        Of each layer: the penalties on its weights, the share of its inputs that is dropped in
        training, and the bound on the norm of a unit's incoming weights, or 0.

    Everything here has been validated by the caller.
    """

    def __cinit__(self, *args, **kwargs):
        memset(&self.plan, 0, sizeof(Plan))
        memset(&self.single, 0, sizeof(Plan))

    def __dealloc__(self):
        free_plan(&self.plan)
        free_plan(&self.single)
        release(self.workspace)
        take_from_list(&self.sharing)

    def _set_up(self, tuple layer_sizes, tuple activations, tuple loss, bint biases, dtype,
                tuple l1, tuple l2, tuple dropout, tuple max_norm):
        if self.plan.layers != NULL:
            raise RuntimeError("a network is constructed once; make a new one")
        # NumPy takes longer to find a dtype's name.
        name = "float32" if dtype.num == cnp.NPY_FLOAT32 else "float64"
        cdef const Table* table = table_of(name)
        cdef const Table* single_table = table
        self.dtype = dtype
        self.type_number = dtype.num
        self.layer_sizes = layer_sizes
        self.shares_dropped = dropout
        self.allocate_parameters(
            sum([(n_in + biases) * n_out for n_in, n_out in itertools.pairwise(layer_sizes)]))
        make_plan(&self.plan, table, BATCH, layer_sizes, activations, loss, biases, l1, l2,
                  dropout, max_norm)
        if one_lane_pays(layer_sizes):
            single_table = table_of(name, single=True)
        make_plan(&self.single, single_table, SINGLE, layer_sizes, activations, loss, biases,
                  l1, l2, dropout, max_norm)
        self.lay_out_parameters()
        self.workspace_bytes = max(self.plan.workspace_bytes, self.single.workspace_bytes)
        self.single_table = single_table
        self.table = table

    @property
    def l1(self):
        """The penalty on the sizes of each layer's weights."""
        self.require_set_up()
        return tuple([self.plan.layers[k].l1 for k in range(self.plan.n_layers)])

    @property
    def l2(self):
        """The penalty on the squares of each layer's weights."""
        self.require_set_up()
        return tuple([self.plan.layers[k].l2 for k in range(self.plan.n_layers)])

    @property
    def dropout(self):
        """The share of each layer's inputs that is dropped in training."""
        self.require_set_up()
        return self.shares_dropped

    @property
    def max_norm(self):
        """The bound on the norm of the incoming weights of each layer's units; None for none."""
        self.require_set_up()
        return tuple([self.plan.layers[k].max_norm or None for k in range(self.plan.n_layers)])

    def _require_set_up(self):
        self.require_set_up()

    cdef require_set_up(self):
        """Raise if the constructor was left out, as a subclass may."""
        if self.table == NULL:
            raise RuntimeError("Network.__init__ has not been called")

    cdef allocate_parameters(self, n_parameters):
        """The one buffer, first of all: if there is no memory for it, nothing else is tried."""
        cdef Py_ssize_t itemsize = self.dtype.itemsize
        # NumPy aligns to 16 bytes; the kernels like a cache line, and may read one more.
        cdef cnp.ndarray spare = np.zeros(
            n_parameters + 2 * CACHE_LINE // itemsize, dtype=self.dtype)
        cdef Py_ssize_t past_line = <Py_ssize_t>(<uintptr_t>cnp.PyArray_DATA(spare) % CACHE_LINE)
        cdef Py_ssize_t first = (CACHE_LINE - past_line) % CACHE_LINE // itemsize
        self.parameters = spare[first:first + n_parameters]
        self.shared = <char*>cnp.PyArray_DATA(self.parameters)

    cdef lay_out_parameters(self):
        """W0, b0, W1, b1, ...: arrays that view the buffer."""
        cdef Py_ssize_t k, stop
        cdef const Layer* layer
        weights, bias_views = [], []
        for k in range(self.plan.n_layers):
            layer = self.plan.layers + k
            stop = layer.weights + layer.n_in * layer.n_out
            if layer.n_in > 0:
                weights.append(
                    self.parameters[layer.weights:stop].reshape(layer.n_in, layer.n_out))
            c_assert(stop <= self.plan.n_parameters)
            if layer.biases >= 0:
                c_assert(layer.biases == stop and stop + layer.n_out <= self.plan.n_parameters)
                bias_views.append(self.parameters[stop:stop + layer.n_out])
        self.weights = tuple(weights)
        self.biases = tuple(bias_views)

    # -- Reading while another thread trains -------------------------------------------------
    #
    # Short reads and publishing hold the GIL. A long read takes the parameters where they
    # are, but not beside a fit, and only for one run of the driver, in which no Python runs: so a
    # fit that begins meanwhile waits for it for no longer. Everyone else reads a copy.

    cdef void enlist(self) noexcept:
        """Before the GIL is released: a child that is forked meanwhile must know of it."""
        if not load_shared(&self.sharing.enlisted):
            add_to_list(&self.sharing)

    cdef const char* begin_reading(self) except NULL:
        """The parameters of one epoch, to be read without the GIL until `end_reading`."""
        self.enlist()
        # First the reader, then the look for a fit: a fit that is not seen sees the reader.
        add_shared(&self.sharing.readers, 1)
        if not self.is_training():
            return self.shared
        add_shared(&self.sharing.readers, -1)
        return self.copied(self.shared)

    cdef const char* go_on_reading(self, const char* parameters) except NULL:
        """The same parameters, in a copy, before Python code can run in between."""
        if parameters != self.shared:
            return parameters
        parameters = self.copied(parameters)
        add_shared(&self.sharing.readers, -1)
        return parameters

    cdef void end_reading(self, const char* parameters) noexcept:
        if parameters != self.shared:
            release(<void*>parameters)
        elif load_shared(&self.sharing.readers):  # none in a child that was forked in between
            add_shared(&self.sharing.readers, -1)

    cdef const char* copied(self, const char* parameters) except NULL:
        cdef size_t size = self.plan.n_parameters * self.table.real_bytes
        cdef char* copied = allocated(size)
        begin_short_read(&self.sharing.short_readers, &self.sharing.writing)
        memcpy(copied, parameters, size)
        end_short_read(&self.sharing.short_readers)
        return copied

    cdef char* take_workspace(self, bint* own_out) except NULL:
        """The network's own workspace, or another one while that is in use.

        It is there from its first use on: of thousands of networks few may predict.
        """
        cdef char* workspace = NULL
        own_out[0] = swap_shared(&self.sharing.workspace_taken, False, True)
        if own_out[0]:
            workspace = self.workspace
        if workspace == NULL:
            workspace = <char*>allocate(self.workspace_bytes)
            if workspace == NULL:
                self.give_workspace(NULL, own_out[0])
                raise MemoryError()
            if own_out[0]:
                self.workspace = workspace
        return workspace

    cdef void give_workspace(self, char* workspace, bint own) noexcept:
        if own:
            store_shared(&self.sharing.workspace_taken, False)
        else:
            release(workspace)

    cdef bint is_training(self) noexcept:
        return load_shared(&self.sharing.trained_by) != 0

    cdef bint are_writable(self):
        """Whether all views of the parameters may be written to."""
        if not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>self.parameters):
            return False
        for array in self.weights:
            if not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>array):
                return False
        for array in self.biases:
            if not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>array):
                return False
        return True

    def _require_writable(self, who):
        """Raise unless all parameters may be written to; `who` wants to."""
        self.require_set_up()
        for name, array in self._views():
            if not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>array):
                raise ValueError(
                    f"net.{name} is read-only, and {who} would write to it: "
                    f"net.{name}.flags.writeable = True allows that")

    cdef claim_training(self, uint64_t fit):
        """Take the one place for a fit; raise if another has it, or may not write."""
        if not self.are_writable():
            self._require_writable("fit")
        self.enlist()
        if not swap_shared(&self.sharing.trained_by, 0, fit):
            raise RuntimeError(
                "this network is being trained by another fit or step: wait for it; stop() ends a "
                "fit")
        set_flag(&self.stop_wanted, False)

    cdef void give_back_training(self, uint64_t fit) noexcept:
        """Free the place, if it is still this fit's: a forked child may have freed it before."""
        swap_shared(&self.sharing.trained_by, fit, 0)

    cdef int* stop_flag(self) noexcept:
        """What a fit looks at after each epoch."""
        return &self.stop_wanted if self.leader is None else &self.leader.stop_wanted

    def _claim_training(self):
        """Take the one place for a fit, while copies are trained to prepare it."""
        self.require_set_up()
        self.claim_training(self.number())

    def _give_back_training(self):
        """Free it again."""
        self.give_back_training(self.number())

    def _stop_with(self, SharedParameters leader not None):
        """A stop of another network ends the fits of this one, too."""
        self.leader = leader

    cdef uint64_t number(self) noexcept:
        """What tells such a claim from a fit's."""
        return <uint64_t><uintptr_t><void*>self

    cdef void fetch(self, char* parameters_out) noexcept:
        """What a fit begins with: the parameters as they are now."""
        self.written = self.fingerprint()
        memcpy(parameters_out, self.shared, self.plan.n_parameters * self.table.real_bytes)

    cdef publish(self, const char* parameters, bint* overwritten_out):
        """Copy the parameters of a finished epoch in, with the GIL held throughout.

        They are copied in even where waiting for readers ends with an exception.
        `overwritten_out` is set if somebody else has written to the parameters meanwhile.
        """
        try:
            if load_shared(&self.sharing.readers):
                self.wait_for_readers("a fit", 3)
        finally:
            if self.fingerprint() != self.written:
                overwritten_out[0] = True
            begin_write(&self.sharing.short_readers, &self.sharing.writing)
            memcpy(self.shared, parameters, self.plan.n_parameters * self.table.real_bytes)
            end_write(&self.sharing.writing)
            self.written = self.fingerprint()

    cdef wait_for_readers(self, str who, int stacklevel):
        """Wait until nobody reads; raises what a signal's handler raises meanwhile.

        A warning names who waits, and points to the caller of the public method.

        Our own reads began before the fit did, and end within a run of the driver. Other code's
        may last, or were never ended.
        """
        cdef double patience = monotonic_seconds() + PATIENCE
        cdef bint told = False
        while load_shared(&self.sharing.readers):
            with nogil:
                pause_briefly()
            PyErr_CheckSignals()
            if not told and monotonic_seconds() > patience:
                told = True
                warnings.warn(
                    f"{who} waits to write the parameters, since "
                    f"{load_shared(&self.sharing.readers)} begin_reading of this network had no "
                    "end_reading yet. Ctrl-C ends the waiting: the parameters are then written "
                    "beside the reading",
                    RuntimeWarning,
                    stacklevel=stacklevel,
                )

    cdef uint64_t fingerprint(self) noexcept:
        """A sum over the parameters' bits that changes if any one of them does.

        Each word is multiplied by an odd number, a different one at each place.
        """
        cdef const uint64_t* words = <const uint64_t*>self.shared
        cdef size_t n_bytes = self.plan.n_parameters * self.table.real_bytes
        cdef uint64_t total = 0
        cdef uint64_t last = 0
        cdef size_t k
        for k in range(n_bytes // 8):
            total += words[k] * (2 * k + 1)
        memcpy(&last, words + n_bytes // 8, n_bytes % 8)
        return total + last * (2 * (n_bytes // 8) + 1)

    @property
    def _n_wide(self):
        """How many layers have their outputs on the lanes, not their samples, in batches."""
        self.require_set_up()
        return self.plan.n_wide

    @property
    def _across(self):
        """Of each layer, whether its weight gradient has its inputs on the lanes."""
        self.require_set_up()
        return [bool(self.plan.layers[k].across) for k in range(self.plan.n_layers)]

    @property
    def _row_lanes(self):
        """How many lanes take the outputs of a single row."""
        self.require_set_up()
        return self.single_table.lanes

    @property
    def _training(self):
        """Whether a fit has this network."""
        return self.is_training()

    @property
    def _stop_wanted(self):
        """Whether the fit that has this network is to end."""
        return bool(load_flag(self.stop_flag()))

    def _stop_training(self):
        """Have the fit that has this network, if there is one, end at its next finished epoch."""
        if self.is_training():
            set_flag(&self.stop_wanted, True)

    def _snapshot(self):
        """A copy of the parameters, of one finished epoch: the GIL is held throughout."""
        self.require_set_up()
        copied = np.empty(self.plan.n_parameters, dtype=self.dtype)
        begin_short_read(&self.sharing.short_readers, &self.sharing.writing)
        memcpy(cnp.PyArray_DATA(copied), self.shared,
               self.plan.n_parameters * self.table.real_bytes)
        end_short_read(&self.sharing.short_readers)
        return copied


# What a forked child must free: the networks that were ever trained or read at length, as a list
# that begins here, and bit generators whose locks fits hold now, by id. No fork comes while a
# thread changes the list: it has the GIL, or else CPython stops all threads where they can be.
cdef Sharing list_of_networks
cdef uint64_t list_locked = False
drawn_from = {}


cdef void lock_list() noexcept:
    """Keep other threads from the list; only where there is no GIL do any wait."""
    while not swap_shared(&list_locked, False, True):
        give_way()


cdef void add_to_list(Sharing* network) noexcept:
    """Put it at the head, unless it is in the list."""
    lock_list()
    if not network.enlisted:
        network.before, network.after = &list_of_networks, list_of_networks.after
        list_of_networks.after = network
        if network.after != NULL:
            network.after.before = network
        store_shared(&network.enlisted, True)
    store_shared(&list_locked, False)


cdef void take_from_list(Sharing* network) noexcept:
    """Take it out, if it is in the list."""
    lock_list()
    if network.enlisted:
        network.before.after = network.after
        if network.after != NULL:
            network.after.before = network.before
        network.enlisted = False
    store_shared(&list_locked, False)


def forget_parent():
    """In a forked child: the parent's threads are not here, and what they held is free."""
    cdef Sharing* network = list_of_networks.after
    while network != NULL:
        network.readers = network.short_readers = network.writing = 0
        network.trained_by = 0
        network.workspace_taken = False
        network = network.after
    for bit_generator in drawn_from.values():
        bit_generator.lock._at_fork_reinit()  # as the standard library does it
    drawn_from.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_parent)
