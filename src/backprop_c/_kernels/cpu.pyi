compiler: str
levels_built: tuple[str, ...]

def levels_supported() -> tuple[str, ...]: ...
