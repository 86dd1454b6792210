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


def run(session, folder, *command, **environment):
    """A command in that Debian, which sees the project where it is.

    The mounts are in a namespace of the command's own, and gone when it ends.
    """
    inside = folder / ROOT.relative_to("/")
    inside.mkdir(parents=True, exist_ok=True)
    script = (
        f"mount --bind '{ROOT}' '{inside}' && mount --bind /proc '{folder}/proc' && "
        f"mount --bind /dev '{folder}/dev' && cd '{ROOT}' && "
        f"exec chroot '{folder}' env --chdir='{ROOT}' \"$@\""
    )
    assignments = [f"{name}={value}" for name, value in environment.items()]
    return session.run(
        *("unshare", "--mount", "sh", "-c", script, "sh", *assignments, *command),
        external=True,
        log=False,
    )
