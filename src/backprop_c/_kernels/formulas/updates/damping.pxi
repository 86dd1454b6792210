# Levenberg-Marquardt: what its damping begins with. The steps are in squares/.

cdef void damping_begin(const double* hyperparameters, double* states_out,
                        double* carried_out) noexcept nogil:
    # the damping, and what it is multiplied by where a step fails
    # carried: (2,)
    carried_out[0] = hyperparameters[0]
    carried_out[1] = 2
