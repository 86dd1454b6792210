"""All modules for WebAssembly, compiled and linked by Debian's Emscripten, as Pyodide has them.

Nothing of it is run. A wheel for Pyodide needs the very Emscripten that its Python was made with,
and a test of it needs NumPy for Pyodide: neither was found among Debian's packages, on PyPI or npm.
"""

from . import debian
from .common import CACHE, compile_modules, generate, modules, python_headers, wheels

FOLDER = CACHE / "pyodide"
FLAGS = ["-O2", "-fPIC", "-sSIDE_MODULE=1", "-sWASM_BIGINT"]


def linked(module):
    return FOLDER / f"{module.path.replace('/', '.')}.wasm"


def run(session):
    """The session."""
    host = debian.make(session, "pyodide-host", "emscripten", variant="apt")
    generate(session)
    numpy = wheels(
        session, FOLDER / "numpy", "numpy", platform=["manylinux_2_28_x86_64"], python="3.13"
    )
    words = dict.fromkeys(("SIZEOF_LONG", "SIZEOF_VOID_P", "SIZEOF_SIZE_T", "SIZEOF_PTHREAD_T"), 4)
    headers = [python_headers("pyodide", define=words), f"-I{numpy}/numpy/_core/include"]
    compiler = [*debian.inside(host, HOME=str(FOLDER)), "emcc"]
    chosen = modules("emscripten-wasm32")
    compile_modules(session, compiler, chosen, *FLAGS, *headers, out=linked)
    for path in map(linked, chosen):
        if not path.read_bytes().startswith(b"\0asm"):
            session.error(f"{path.name} is no WebAssembly module")
    session.log(f"{len(chosen)} modules compiled and linked; none was run")
