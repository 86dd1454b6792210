"""One module of kernels for each level and dtype, and one lane with the instructions of v3."""
