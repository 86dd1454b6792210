"""A line search: how long a step is, so that the loss falls enough, and its slope flattens."""


# A length of the step, and the loss and its slope along the step there.
ctypedef struct Place:
    double length
    double loss
    double slope


ctypedef struct Search:
    Place start                    # of length 0
    Place best                     # the place with the smallest loss so far, where its slope falls
    Place other                    # the other end of the interval, if there is one
    bint bracketed                 # the lengths that are wanted are between the two
    bint lowered                   # a place was low enough, with a slope that rises
    double least                   # the next length is between the two
    double most
    double width                   # of the interval, and of the last one but one
    double earlier_width
    double length                  # the length to be tried


cdef void begin_search(Search* search, double loss, double slope, double length) noexcept nogil
cdef bint goes_on(Search* search, double loss, double slope) noexcept nogil
cdef bint comes_back(Search* search) noexcept nogil
