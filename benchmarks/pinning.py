"""So many threads for everybody: to be called before NumPy, PyTorch or XLA is imported."""

import os

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NPROC",  # XLA
)
_ASKED = "BENCHMARK_THREADS"


def pin(n_threads):
    """Tell every library, and keep the process on as many processors.

    XLA has no other means to be held to a number of threads. The processors are the last of
    those allowed: interrupts tend to go to the first.
    """
    os.environ[_ASKED] = str(n_threads)
    for variable in VARIABLES:
        os.environ[variable] = str(n_threads)
    spread = "false" if n_threads == 1 else "true"
    os.environ["XLA_FLAGS"] = (
        f"--xla_cpu_multi_thread_eigen={spread} intra_op_parallelism_threads={n_threads}"
    )
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < n_threads:
            raise SystemExit(f"{n_threads} threads need as many processors, not {len(allowed)}")
        os.sched_setaffinity(0, allowed[-n_threads:])


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
