# What update rules read, by name: prepared once a step.

# `keep` is what weight decay leaves of a parameter.
cdef enum:
    SCALE = 0
    KEEP = 1
    RATE = 2
    MOMENTUM = 3
    AHEAD = 4
    BETA_1 = 5
    REST_1 = 6
    BETA_2 = 7
    REST_2 = 8
    EPSILON = 9
    GRADIENT_RATE = 10             # Nadam's rate for the gradient; RATE is for its mean
    # Rprop's alone, in places that it does not use otherwise.
    INCREASE = 0
    DECREASE = 1
    SMALLEST_STEP = 2
    LARGEST = 3
