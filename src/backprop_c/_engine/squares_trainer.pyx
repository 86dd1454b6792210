"""A trainer whose steps are those of least squares."""

from backprop_c._engine.crew cimport Board
from backprop_c._engine.least_squares cimport (
    LeastSquares, lay_out_least_squares, room_for_least_squares, set_least_squares,
)
from backprop_c._engine.memory cimport Memory
from backprop_c._engine.plan cimport free_plan, make_squares_plan
from backprop_c._engine.trainer cimport Trainer
from backprop_c._kernels.table cimport Plan, Table


cdef class SquaresTrainer(Trainer):
    """A fit whose epochs end with a step of Levenberg-Marquardt's."""

    cdef LeastSquares squares
    cdef Plan squares_plan

    def __dealloc__(self):
        free_plan(&self.squares_plan)

    cdef _choose_training_plan(self, bint single, const Table** table_out, const Plan** plan_out):
        make_squares_plan(&self.squares_plan, &self.engine.plan, self.engine.table)
        table_out[0], plan_out[0] = self.engine.table, &self.squares_plan

    cdef bint _worth_threads(self) noexcept:
        return Trainer._worth_threads(self) or self.squares_plan.n_ranges > 1

    cdef size_t _room_for_steps(self) noexcept:
        set_least_squares(&self.squares, &self.fit_.training, self.fit_.hyperparameters)
        return room_for_least_squares(&self.squares, self.n_threads)

    cdef void _lay_out_steps(self, Memory memory) noexcept:
        lay_out_least_squares(&self.squares, memory, self.n_threads)
        self.squares.parameters = self.fit_.live.vectors
        self.squares.carried = self.fit_.live.carried
        self.fit_.end_step = &self.squares.end

    cdef void _share_board(self, Board* board) noexcept:
        Trainer._share_board(self, board)
        self.squares.trial.board = board
