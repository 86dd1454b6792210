"""A newer Debian in a folder: compilers, an emulator, a Python for another processor."""

import shutil

from .common import CACHE, ROOT, debian_packages

SUITE = "trixie"


def make(session, name, *packages, variant, architecture="amd64"):
    """The folder of a Debian with some packages; one that is there with the same ones is kept."""
    debian_packages(session, "mmdebstrap", "debian-archive-keyring")
    folder, made = CACHE / name, CACHE / f"{name}.packages"
    contents = " ".join([SUITE, *packages])
    if made.exists() and made.read_text() == contents:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    session.run(
        *("mmdebstrap", "--mode=root", f"--variant={variant}", f"--architectures={architecture}"),
        # A mirror may stand still, and a machine's clock may not be right.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        f"--include={','.join(packages)}",
        *(SUITE, str(folder)),
        external=True,
        silent=True,
    )
    made.write_text(contents)
    return folder


def inside(folder, **environment):
    """What to put before a command that is to run in that Debian, and to see the project there.

    The mounts are in a namespace of the command's own, and gone when it ends.
    """
    project = folder / ROOT.relative_to("/")
    project.mkdir(parents=True, exist_ok=True)
    mounts = {ROOT: project, "/proc": folder / "proc", "/dev": folder / "dev"}
    script = " && ".join(f"mount --bind '{what}' '{where}'" for what, where in mounts.items())
    script += f" && exec chroot '{folder}' env --chdir='{ROOT}' \"$@\""
    assignments = [f"{name}={value}" for name, value in environment.items()]
    return ["unshare", "--mount", "sh", "-c", script, "sh", *assignments]
