"""Between an optimizer's state and hyperparameters as Python holds them and those of a fit."""

cimport numpy as cnp

from backprop_c._engine.fit cimport Fit, State
from backprop_c._engine.outcome cimport OptimizerState
from backprop_c._kernels.table cimport Update


cdef OptimizerState first_state(const Update* update, const double* hyperparameters,
                                Py_ssize_t n_parameters, int type_number,
                                tuple of_schedule=*)
cdef OptimizerState with_schedule(OptimizerState state, const Update* update, tuple of_schedule)
cdef check_state(OptimizerState state, const Fit* fit, int type_number)
cdef void take_state(Fit* fit, OptimizerState state) noexcept
cdef void give_state(const Fit* fit, const State* given, OptimizerState state_out) noexcept
cdef set_hyperparameters(Fit* fit, tuple hyperparameters)
cdef set_schedule(Fit* fit, tuple schedule, epochs)
cdef refuse_watching(str caller)
cdef set_plateau(Fit* fit, tuple plateau)
cdef OptimizerState as_state(object state, object optimizer, const Update* update,
                             cnp.ndarray parameters)
cdef double scheduled_rate(tuple schedule, long long steps) except *
