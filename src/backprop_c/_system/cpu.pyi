PLACES: dict[str, tuple[int, int, int]]
FEATURES: dict[str, tuple[str, ...]]
compiler: str
levels_built: tuple[str, ...]

def levels_supported() -> tuple[str, ...]: ...
