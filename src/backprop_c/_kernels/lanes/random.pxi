# Random bits by counter: they depend on an epoch's key, a sample and a unit alone. So threads,
# blocks and shapes of work change nothing.

cdef inline bits mixed(bits x) noexcept nogil:
    # 32 well mixed bits of each 32, by C. Wellons' lowbias32 (2018)
    x = x ^ (x >> 16)
    x = (x * MIX_1) & LOW_32
    x = x ^ (x >> 15)
    x = (x * MIX_2) & LOW_32
    return x ^ (x >> 16)


cdef inline unsigned int mixed_one(unsigned int x) noexcept nogil:
    # as mixed, of one number
    x = x ^ (x >> 16)
    x = x * <unsigned int>MIX_1
    x = x ^ (x >> 15)
    x = x * <unsigned int>MIX_2
    return x ^ (x >> 16)


cdef inline unsigned int bits_of_sample(unsigned long long key, Py_ssize_t row) noexcept nogil:
    # where a sample's counters begin in an epoch
    cdef unsigned long long number = <unsigned long long>row
    cdef unsigned int x = mixed_one(<unsigned int>key ^ <unsigned int>number)
    x = mixed_one(x ^ <unsigned int>(key >> 32))
    return mixed_one(x + <unsigned int>(number >> 32))


cdef inline lanes kept_or_zero(const Layer* layer, bits sample, bits unit,
                               lanes x) noexcept nogil:
    # x / (1 - dropout), or 0 with the probability of dropout
    # layer: (1,)
    cdef bits drawn = mixed((sample + unit * GOLDEN) & LOW_32)
    return select_below(drawn, splat_bits(<unsigned int>layer.drop_below),
                        splat(0), x * splat(<real>layer.drop_scale))


cdef void drop_block(const Layer* layer, Py_ssize_t vectors, const lanes* samples, const lanes* x,
                     lanes* x_out) noexcept nogil:
    # x_out[i, s] = x[i, s] / (1 - dropout), or 0 with the probability of dropout
    # x, x_out: (n_in, vectors), samples: (vectors,), their bits
    cdef Py_ssize_t i, v
    for i in range(layer.n_in):
        for v in range(vectors):
            x_out[i * vectors + v] = kept_or_zero(
                layer, as_bits(samples[v]), splat_bits(layer.first_input + i), x[i * vectors + v])


cdef void drop_row(const Layer* layer, unsigned int sample, const real* x,
                   real* x_out) noexcept nogil:
    # x_out[i] = x[i] / (1 - dropout), or 0 with the probability of dropout
    # x: (n_in,), x_out: (n_in,), in whole vectors
    cdef Py_ssize_t i
    for i from 0 <= i < layer.n_in by LANES:
        store(x_out + i, kept_or_zero(
            layer, splat_bits(sample), splat_bits(layer.first_input + i) + lane_numbers(),
            load_first(x + i, layer.n_in - i)), LANES)
