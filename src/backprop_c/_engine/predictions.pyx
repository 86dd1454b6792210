"""Predictions of many rows without the GIL, for a limited time in each run."""

from libc.string cimport memset

from backprop_c._engine.passes cimport share
from backprop_c._system.platform cimport monotonic_seconds


cdef enum:
    # Parts between two looks at the clock of several threads.
    PARTS_OF_PHASE = 16
    # What a thread takes at a time, in multiplications.
    WORK_OF_PART = 400000


cdef void set_prediction(Prediction* prediction, const Table* table, const Plan* plan,
                         Py_ssize_t n_samples, Py_ssize_t n_in, Py_ssize_t n_out, const char* X,
                         char* a_out) noexcept nogil:
    """Say what to predict, and where; by whose parameters, with what and by whom is left to say."""
    memset(prediction, 0, sizeof(Prediction))
    prediction.plan = plan
    prediction.routines = table.routines + plan.shape
    prediction.n_samples = n_samples
    prediction.part_rows = plan.part_rows * max(1, WORK_OF_PART // (plan.part_rows * plan.work))
    prediction.row_in = n_in * table.real_bytes
    prediction.row_out = n_out * table.real_bytes
    prediction.X = X
    prediction.a_out = a_out


cdef void predict_part(void* prediction_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Predict part `number` of those that are left, counted from 0."""
    cdef Prediction* prediction = <Prediction*>prediction_
    cdef Py_ssize_t start = prediction.done + number * prediction.part_rows
    cdef Py_ssize_t rows = min(prediction.part_rows, prediction.n_samples - start)
    prediction.routines.predict(
        prediction.plan, rows, prediction.X + start * prediction.row_in, prediction.parameters,
        prediction.workspaces + thread * prediction.plan.workspace_bytes,
        prediction.a_out + start * prediction.row_out)


cdef void run_prediction(Prediction* prediction, double seconds) noexcept nogil:
    """Predict until all rows are done or the time is over."""
    cdef double deadline = monotonic_seconds() + seconds
    cdef Py_ssize_t left
    while prediction.done < prediction.n_samples:
        left = prediction.n_samples - prediction.done
        left = (left + prediction.part_rows - 1) // prediction.part_rows
        left = min(left, PARTS_OF_PHASE) if prediction.board != NULL else 1
        share(prediction.board, predict_part, prediction, left)
        prediction.done = min(prediction.done + left * prediction.part_rows, prediction.n_samples)
        if monotonic_seconds() > deadline:
            break
