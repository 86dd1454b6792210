"""A line search: how long a step is, so that the loss falls enough, and its slope flattens.

After J. J. Moré and D. J. Thuente, Line search algorithms with guaranteed sufficient decrease
(1994): the minimum of a cubic, or of a parabola, through the places that are known is tried next.
The constants are those of L-BFGS-B.
"""

from libc.math cimport fabs, sqrt


# The shares of the slope at the start: what the loss is to fall by, and what the slope may be.
cdef double DECREASE = 1e-3
cdef double FLATTENING = 0.9
# An interval that is narrower than this share of its end is narrow enough.
cdef double NARROW = 0.1
cdef double LONGEST = 1e10
# How far beyond the best length the next one is, in last strides, while there is no other end.
cdef double NEARER = 1.1
cdef double FURTHER = 4.0
# An interval is to shrink to this share in two tries, or else it is halved.
cdef double SHRINKING = 0.66


cdef void begin_search(Search* search, double loss, double slope, double length) noexcept nogil:
    """Begin at a place with this loss and slope, and try this length first."""
    search.start = Place(0, loss, slope)
    search.best = search.other = search.start
    search.bracketed = search.lowered = False
    search.least, search.most = 0, length + FURTHER * length
    search.width, search.earlier_width = LONGEST, 2 * LONGEST
    search.length = length


# -- The next length ---------------------------------------------------------------------------

cdef double share_to_cubic(const Place* a, const Place* b, double* root_out) noexcept nogil:
    """Where the cubic through two places is smallest: the share of the way from a to b."""
    cdef double theta = 3 * (a.loss - b.loss) / (b.length - a.length) + a.slope + b.slope
    cdef double scale = max(fabs(theta), max(fabs(a.slope), fabs(b.slope)))
    cdef double t = theta / scale
    cdef double root = scale * sqrt(max(0.0, t * t - (a.slope / scale) * (b.slope / scale)))
    if b.length < a.length:
        root = -root
    root_out[0] = root
    return ((root - a.slope) + theta) / (((root - a.slope) + root) + b.slope)


cdef double cubic_minimum(const Place* a, const Place* b) noexcept nogil:
    """Where the cubic through two places is smallest."""
    cdef double root
    return a.length + share_to_cubic(a, b, &root) * (b.length - a.length)


cdef double secant_minimum(const Place* a, const Place* b) noexcept nogil:
    """Where the parabola with the slopes of two places is smallest."""
    return a.length + a.slope / (a.slope - b.slope) * (b.length - a.length)


cdef double parabola_minimum(const Place* a, const Place* b) noexcept nogil:
    """Where the parabola through a, with its slope, and b is smallest."""
    cdef double stride = b.length - a.length
    return a.length + a.slope / ((a.loss - b.loss) / stride + a.slope) / 2 * stride


cdef double length_beyond(const Search* search, const Place* best, const Place* other,
                          const Place* place) noexcept nogil:
    """The next length where the loss falls on beyond a place, but less steeply."""
    cdef bint upward = place.length > best.length
    cdef double secant = secant_minimum(place, best)
    cdef double root
    cdef double share = share_to_cubic(place, best, &root)
    cdef double cubic = search.most if upward else search.least
    cdef double length, bound
    # Or else the cubic falls for ever.
    if share < 0 and root != 0:
        cubic = place.length + share * (best.length - place.length)
    cdef bint cubic_is_nearer = fabs(cubic - place.length) < fabs(secant - place.length)
    length = cubic if cubic_is_nearer == search.bracketed else secant
    if not search.bracketed:
        return min(max(length, search.least), search.most)
    bound = place.length + SHRINKING * (other.length - place.length)
    return min(bound, length) if upward else max(bound, length)


cdef double next_length(Search* search, Place* best, Place* other,
                        const Place* place) noexcept nogil:
    """The length after this place; `best` and `other` are the ends of the interval from now on."""
    cdef bint turned = place.slope * (best.slope / fabs(best.slope)) < 0
    cdef double cubic, length
    if place.loss > best.loss:
        cubic = cubic_minimum(best, place)
        length = parabola_minimum(best, place)
        if fabs(cubic - best.length) < fabs(length - best.length):
            length = cubic
        else:
            length = cubic + (length - cubic) / 2
        search.bracketed = True
        other[0] = place[0]
        return length
    if turned:
        cubic = cubic_minimum(place, best)
        length = secant_minimum(place, best)
        if fabs(cubic - place.length) > fabs(length - place.length):
            length = cubic
        search.bracketed = True
        other[0] = best[0]
    elif fabs(place.slope) < fabs(best.slope):
        length = length_beyond(search, best, other, place)
    elif search.bracketed:
        length = cubic_minimum(place, other)
    else:
        length = search.most if place.length > best.length else search.least
    best[0] = place[0]
    return length


cdef void tilt(Place* place, double slope) noexcept nogil:
    """Take a line of this slope from the loss."""
    place.loss -= place.length * slope
    place.slope -= slope


cdef bint is_over(const Search* search) noexcept nogil:
    """Whether the interval is too narrow to go on."""
    return search.bracketed and (
        search.length <= search.least or search.length >= search.most
        or search.most - search.least <= NARROW * search.most)


cdef bint goes_on(Search* search, double loss, double slope) noexcept nogil:
    """Take what was found at the length; whether another one is to be tried.

    If not, the step is as long as it should be, or nearly so.
    """
    cdef Place place = Place(search.length, loss, slope)
    cdef double needed = DECREASE * search.start.slope
    cdef double enough = search.start.loss + place.length * needed
    cdef double stride
    if not search.lowered and loss <= enough and slope >= 0:
        search.lowered = True
    if is_over(search) or (loss <= enough and fabs(slope) <= -FLATTENING * search.start.slope):
        return False
    if place.length == LONGEST and loss <= enough and slope <= needed:
        return False
    if not search.lowered and enough < loss <= search.best.loss:
        # First the loss is to fall enough: what is looked at is how much more it falls.
        tilt(&search.best, needed)
        tilt(&search.other, needed)
        tilt(&place, needed)
        search.length = next_length(search, &search.best, &search.other, &place)
        tilt(&search.best, -needed)
        tilt(&search.other, -needed)
    else:
        search.length = next_length(search, &search.best, &search.other, &place)
    if search.bracketed:
        stride = search.other.length - search.best.length
        if fabs(stride) >= SHRINKING * search.earlier_width:
            search.length = search.best.length + stride / 2
        search.earlier_width, search.width = search.width, fabs(stride)
        search.least = min(search.best.length, search.other.length)
        search.most = max(search.best.length, search.other.length)
    else:
        stride = search.length - search.best.length
        search.least = search.length + NEARER * stride
        search.most = search.length + FURTHER * stride
    search.length = min(max(search.length, 0.0), LONGEST)
    if is_over(search):
        # The best place is the last one to be looked at, unless it just was.
        search.length = search.best.length
    return search.length != place.length


cdef bint comes_back(Search* search) noexcept nogil:
    """There is no finite loss at the length; whether a shorter one is to be tried.

    It is taken for a place on a parabola, whose minimum is a tenth of the way from the best place.
    """
    cdef double stride = search.length - search.best.length
    return goes_on(search, search.best.loss - 4 * stride * search.best.slope,
                   -9 * search.best.slope)
