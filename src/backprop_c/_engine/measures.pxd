"""What is measured over samples, as passes and the trainer see it."""

from backprop_c._engine.memory cimport Memory
from backprop_c._engine.parameters cimport SharedParameters
from backprop_c._engine.passes cimport Pass
from backprop_c._engine.samples cimport SampleSet
from backprop_c._kernels.table cimport Measure, Measures, Table


cdef class MetricSet:
    cdef readonly SampleSet samples
    cdef Measures measures
    cdef Measure* places           # a place for each metric
    cdef Memory memory
    cdef readonly tuple functions  # (place, function) of those that are the caller's

    cdef place_settling(self, const Table* table)
    cdef SampleSet samples_of(self, SharedParameters shared)
    cdef const Measures* asked(self) noexcept
    cdef call_functions(self, Pass* pass_)
