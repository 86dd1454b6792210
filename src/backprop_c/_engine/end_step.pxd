"""The step that ends an epoch, of optimizers that look at all samples before it.

It is what the driver of fits knows of such a step. Who makes one has this in front of all that it
works with, so that a pointer to the one is a pointer to the other.
"""

from backprop_c._kernels.table cimport Sums


ctypedef struct EndStep:
    # Go on with the step that follows the training pass; False if the time is over.
    bint (*make)(EndStep* end, double deadline, Py_ssize_t* work_out) noexcept nogil
    bint penalizes                 # the step adds the penalties: the pass leaves them out
    # What the step came to.
    bint made                      # or else none leads to a smaller loss
    bint is_last                   # no step follows
    bint knows_sums                # `sums` are those that the next epoch's pass would come to
    Sums sums
