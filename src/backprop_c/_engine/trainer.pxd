"""Trainers: what one fit has, and where other kinds of steps come in."""

from libc.stdint cimport uint64_t

from backprop_c._engine.crew cimport Board, Crew
from backprop_c._engine.engine cimport Engine
from backprop_c._engine.fit cimport Fit
from backprop_c._engine.measures cimport MetricSet
from backprop_c._engine.memory cimport Memory
from backprop_c._engine.outcome cimport OptimizerState, Record
from backprop_c._engine.own_loss cimport LossCaller
from backprop_c._engine.samples cimport SampleSet
from backprop_c._kernels.table cimport Plan, Table


cdef class Trainer:
    cdef Fit fit_
    cdef object watcher
    cdef Engine engine
    cdef Memory memory
    cdef SampleSet samples
    cdef MetricSet metrics
    cdef MetricSet validation
    cdef LossCaller own_loss
    cdef LossCaller own_validation_loss
    cdef object bit_generator
    cdef bint claimed              # the engine is this trainer's
    cdef bint over                 # the fit has come to its end, and not by an exception
    cdef readonly Record record
    cdef readonly OptimizerState optimizer_state
    cdef Py_ssize_t epochs_left
    cdef Py_ssize_t epochs_at_a_time  # in one run at most: 1 where Python code runs after each
    cdef double work_of_epoch      # multiplications of its forward passes
    cdef bint watched              # Python code looks at the network after each epoch
    cdef bint calls                # functions of the caller's run in the midst of one
    cdef object rate_of_epoch      # called before each epoch; or None
    cdef Py_ssize_t published      # epochs, and 1 more after a divergence
    cdef readonly bint overwritten  # somebody wrote to the parameters, and this fit wrote over it
    cdef readonly Py_ssize_t n_threads
    cdef Crew crew                 # from the first run to `close`, where there are several threads

    cdef uint64_t number(self) noexcept
    cdef _choose_training_plan(self, bint single, const Table** table_out, const Plan** plan_out)
    cdef size_t _room_for_steps(self) noexcept
    cdef void _lay_out_steps(self, Memory memory) noexcept
    cdef bint _worth_threads(self) noexcept
    cdef void _share_board(self, Board* board) noexcept
    cdef _set_passes(self, Py_ssize_t batch_size, double epochs, Py_ssize_t n_threads)
    cdef _lay_out_memory(self, size_t bytes_of_state, bint ordered, bint best)
    cdef _take_state(self, OptimizerState optimizer_state, size_t bytes_of_state,
                     tuple of_schedule)
    cdef _have_threads(self)
    cdef _make_ready(self)
    cdef void _drive(self, double seconds) noexcept
    cdef _answer(self)
    cdef void _draw(self) noexcept
    cdef _publish(self, bint wait)
    cdef void _hand_over_state(self) noexcept
