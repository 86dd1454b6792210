"""What a wheel for Linux must be, beyond what auditwheel, twine and check-wheel-contents look at.

``python tools/check_wheel.py WHEEL`` looks at its size, the times of its files and its modules.
``python tools/check_wheel.py WHEEL OTHER`` asks that two builds have the same bytes.
"""

import io
import os
import sys
import time
import zipfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

LARGEST = 3_000_000
FIRST_TIME = 315532800  # 1980-01-01: a zip knows no earlier one


def exported(elf):
    """The functions and data that other modules can see."""
    return {
        symbol.name
        for symbol in elf.get_section_by_name(".dynsym").iter_symbols()
        if symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_info"]["bind"] != "STB_LOCAL"
    }


def module_problems(name, data):
    """What is wrong with one extension module."""
    elf = ELFFile(io.BytesIO(data))
    tags = {tag.entry.d_tag for tag in elf.get_section_by_name(".dynamic").iter_tags()}
    for tag in sorted(tags & {"DT_RPATH", "DT_RUNPATH"}):
        yield f"{name} has a {tag}: it would look for libraries in a folder of the build machine"
    wanted = f"PyInit_{Path(name).name.split('.')[0]}"
    for symbol in sorted(exported(elf) - {wanted}):
        yield f"{name} exports {symbol}, but {wanted} is all that Python needs"


def problems(path):
    """What is wrong with a wheel."""
    size = path.stat().st_size
    if size > LARGEST:
        yield f"{path.name} has {size} bytes, more than {LARGEST}"
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    with zipfile.ZipFile(path) as wheel:
        modules = [name for name in wheel.namelist() if name.endswith(".so")]
        if not modules:
            yield f"{path.name} has no extension module"
        for name in modules:
            yield from module_problems(name, wheel.read(name))
        if epoch is not None:
            # A zip counts in steps of two seconds.
            *minutes, seconds = time.gmtime(max(int(epoch), FIRST_TIME))[:6]
            wanted = (*minutes, seconds - seconds % 2)
            late = [entry.filename for entry in wheel.infolist() if entry.date_time != wanted]
            if late:
                yield f"{path.name} has {late[0]} with a time that is not SOURCE_DATE_EPOCH's"


def contents(path):
    """Each file of a wheel, with its mode and bytes."""
    with zipfile.ZipFile(path) as wheel:
        return {
            entry.filename: (entry.external_attr, wheel.read(entry)) for entry in wheel.infolist()
        }


def differences(path, other):
    """In which files two builds of one wheel differ."""
    first, second = contents(path), contents(other)
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) != second.get(name):
            yield f"{name} differs between two builds of {path.name}"


def main(words):
    """Print what is wrong, if anything is."""
    paths = [Path(word) for word in words]
    found = list(differences(*paths) if len(paths) == 2 else problems(*paths))
    print(*(found or [f"{paths[0].name}: nothing wrong"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
