"""A trainer whose steps are those of L-BFGS."""

from backprop_c._engine.memory cimport Memory
from backprop_c._engine.quasi_newton cimport (
    EVALUATIONS_USED_UP, NO_LENGTH, TOLERANCE_REACHED, QuasiNewton, lay_out_quasi_newton,
    room_for_quasi_newton, set_quasi_newton, work_beside_pass,
)
from backprop_c._engine.trainer cimport Trainer


cdef class QuasiNewtonTrainer(Trainer):
    """A fit whose epochs end with a step of L-BFGS's."""

    cdef QuasiNewton newton

    cdef size_t _room_for_steps(self) noexcept:
        set_quasi_newton(&self.newton, &self.fit_.training, self.fit_.hyperparameters)
        self.work_of_epoch += work_beside_pass(&self.newton, self.newton.n_remembered)
        return room_for_quasi_newton(&self.newton)

    cdef void _lay_out_steps(self, Memory memory) noexcept:
        lay_out_quasi_newton(&self.newton, memory)
        self.newton.parameters = self.fit_.live.vectors
        self.fit_.end_step = &self.newton.end

    @property
    def ended_by(self):
        """Why no further step was made: "tolerance", "length", "evaluations"; None so far."""
        return {
            TOLERANCE_REACHED: "tolerance",
            NO_LENGTH: "length",
            EVALUATIONS_USED_UP: "evaluations",
        }.get(self.newton.ending)

    @property
    def loss_at_end(self):
        """The loss at the end of the last step; None before the first gradient."""
        return self.newton.loss if self.newton.evaluations > 0 else None
