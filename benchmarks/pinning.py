"""What libraries read when they are loaded: to be set before NumPy, PyTorch or XLA is imported."""

import os

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NPROC",  # XLA
)
_ASKED = "BENCHMARK_THREADS"
# Environments that ask for the same bits everywhere set these, at half the speed.
HOLDING_BACK = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "NPY_DISABLE_CPU_FEATURES",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "MKL_ENABLE_INSTRUCTIONS",
)


def pin(n_threads):
    """Tell every library, leave it its best kernels, keep the process on as many processors.

    XLA has no other means to be held to a number of threads. The processors are the last of
    those allowed: interrupts tend to go to the first.
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
    """The number that was asked for."""
    return int(os.environ.get(_ASKED, "1"))


def limit_pools():
    """Hold the pools that have been loaded meanwhile to it, where threadpoolctl is installed."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    threadpool_limits(threads())
