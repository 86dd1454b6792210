"""Environment variables that libraries read when they are loaded, and processors.

They are set before NumPy, PyTorch or XLA is imported.
"""

import os

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NPROC",  # XLA
)
_ASKED = "BENCHMARK_THREADS"
# Some environments set these, so that every processor computes the same bits. Speed halves.
HOLDING_BACK = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "NPY_DISABLE_CPU_FEATURES",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "MKL_ENABLE_INSTRUCTIONS",
)


def pin(n_threads):
    """Give every library this number of threads, and the process as many processors.

    XLA can be told in no other way. The processors are the last ones that the process may use:
    interrupts tend to go to the first.
    """
    os.environ[_ASKED] = str(n_threads)
    for variable in VARIABLES:
        os.environ[variable] = str(n_threads)
    for variable in HOLDING_BACK:
        if os.environ.pop(variable, None) is not None:
            print(f"without {variable}, which the environment had set")
    spread = "false" if n_threads == 1 else "true"
    os.environ["XLA_FLAGS"] = (
        f"--xla_cpu_multi_thread_eigen={spread} intra_op_parallelism_threads={n_threads}"
    )
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < n_threads:
            raise SystemExit(f"{n_threads} threads need as many processors, not {len(allowed)}")
        os.sched_setaffinity(0, allowed[-n_threads:])


def blas():
    """NumPy's BLAS and its kernels, where threadpoolctl can tell."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return ""
    for pool in threadpool_info():
        if "numpy" in pool["filepath"] and pool["user_api"] == "blas":
            names = (pool["internal_api"], pool["version"], pool.get("architecture"))
            return " ".join(name for name in names if name)
    return ""


def threads():
    """How many threads were asked for."""
    return int(os.environ.get(_ASKED, "1"))


def limit_pools():
    """Hold the thread pools of the libraries loaded by now to that number, by threadpoolctl."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    threadpool_limits(threads())
