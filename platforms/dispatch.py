"""Levels are chosen by the processor, and the kernels compile for processors of other makes."""

from .common import INCLUDE, compile_modules, debian_packages, generate, modules, python_headers

# Where networks are trained: a processor of qemu's, and the level that it must get.
TRAININGS = {"Nehalem": "baseline", "Haswell": "v3", "Haswell,-popcnt": "baseline"}
TRAIN = """
import numpy, sys
from backprop_c import SGD, Network, _kernels
assert _kernels.level == sys.argv[1], _kernels.level
X = numpy.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = X[:, 0] ^ X[:, 1]
for batch_size in (1, 4):
    net = Network((2, 8, 1), ("tanh", "sigmoid"), random_state=1)
    net.fit(X, y, epochs=2000, batch_size=batch_size, optimizer=SGD(0.5))
    numpy.testing.assert_allclose(net.predict(X)[:, 0], y, atol=0.2)
"""
# Features of v3 that a processor may lack. Here the detector is asked alone, since NumPy does not
# look for all of these and ends in an illegal instruction; without bmi1 the C library does.
FEATURES = ("avx2", "bmi2", "f16c", "fma", "abm", "movbe", "popcnt", "xsave")
DETECT = """
import glob, importlib.util, sys, sysconfig
(path,) = glob.glob(sysconfig.get_path("purelib") + "/backprop_c/_system/cpu.*.so")
spec = importlib.util.spec_from_file_location("cpu", path)
cpu = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cpu)
assert cpu.levels_supported()[0] == sys.argv[1], cpu.levels_supported()
"""
# A compiler -> what the machine is called that it compiles for.
COMPILERS = {
    "s390x-linux-gnu": "linux-s390x",
    "powerpc64le-linux-gnu": "linux-ppc64le",
    "riscv64-linux-gnu": "linux-riscv64",
}
PACKAGES = [f"gcc-{name}" for name in COMPILERS]
PACKAGES += [f"libc6-dev-{name}-cross" for name in ("s390x", "ppc64el", "riscv64")]


def emulate(session, processor, code, *words, **options):
    """Python code on a processor of qemu's; its output."""
    command = ("qemu-x86_64", "-cpu", processor, f"{session.bin}/python", "-c", code, *words)
    return session.run(*command, external=True, silent=True, log=False, **options)


def choices(session):
    """Each processor gets its level, and trains with it; a level too high is refused."""
    for processor, level in TRAININGS.items():
        emulate(session, processor, TRAIN, level)
        session.log(f"{processor}: trained at level {level}")
    emulate(session, "Haswell", DETECT, "v3")
    for feature in FEATURES:
        emulate(session, f"Haswell,-{feature}", DETECT, "baseline")
    session.log(f"Haswell less one of {', '.join(FEATURES)}: baseline")
    asked = {"env": {"BACKPROP_C_SIMD": "v4"}, "success_codes": [1]}
    out = emulate(session, "Haswell", "import backprop_c", **asked)
    expected = "BACKPROP_C_SIMD is 'v4', but this machine does not support it"
    if expected not in out:
        session.error(f"v4 on Haswell ended with {out!r}, expected {expected!r}")
    session.log(f"Haswell, v4 asked for: {expected}")


def others(session):
    """The kernels compile for big-endian s390x, for ppc64le, riscv64 and WebAssembly."""
    generate(session)
    for name, platform in COMPILERS.items():
        flags = ["-c", "-O2", f"-I{INCLUDE}"]
        compile_modules(session, [f"{name}-gcc"], kernels(platform), *flags)
        session.log(f"{platform}: compiled")
    # Words of 4 bytes, and no threads.
    words = dict.fromkeys(("SIZEOF_LONG", "SIZEOF_VOID_P", "SIZEOF_SIZE_T"), 4)
    names = {**words, "HAVE_PTHREAD_STUBS": 1}
    headers = [python_headers("wasm32", ["HAVE_PTHREAD_H"], names)]
    headers += ["-nostdlibinc", "-isystem", "/usr/include/wasm32-wasi"]
    compiler = ["clang", "--target=wasm32-wasi"]
    compile_modules(session, compiler, kernels("emscripten-wasm32"), "-c", "-O2", *headers)
    session.log("wasm32: compiled")


def kernels(platform):
    return [module for module in modules(platform) if module.path.startswith("_kernels/")]


def run(session, wheel):
    """The session; its wheel is one for the session's Python, on x86-64."""
    debian_packages(session, "qemu-user", "clang", "wasi-libc", *PACKAGES)
    session.install(str(wheel))
    choices(session)
    others(session)
