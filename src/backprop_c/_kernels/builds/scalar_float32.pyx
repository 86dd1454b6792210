include "../kernels.pxi"
