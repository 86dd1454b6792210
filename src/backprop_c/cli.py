"""The command ``backprop-c``."""

import argparse
import os
import sys

from ._config import show_config
from ._version import __version__


def parser():
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="backprop-c", description="Feed-forward neural networks on the CPU, compiled."
    )
    top.add_argument("--version", action="version", version=f"backprop-c {__version__}")
    top.set_defaults(run=lambda arguments: top.print_help())
    commands = top.add_subparsers(dest="command")
    demo = commands.add_parser("demo", help="train a tutorial's network, beside NumPy")
    demo.add_argument(
        "name",
        nargs="?",
        choices=("iris", "steps", "functional"),
        default="iris",
        help="iris (the default): 4-2-3 on 130 flowers; steps: one pass, number by number; "
        "functional: iris once more, line for line in building blocks",
    )
    demo.add_argument("--plot", metavar="FILE", help="write a picture of the training")
    demo.set_defaults(run=run_demo)
    info = commands.add_parser("info", help="versions, compiler, instruction-set levels")
    info.set_defaults(run=lambda arguments: show_config())
    return top


def run_demo(arguments):
    """Run a demo, and draw what it recorded."""
    from .demo import DEMOS

    run, title = DEMOS[arguments.name]
    if arguments.plot is not None:
        check_plot_file(arguments.plot)
    history = run()
    if arguments.plot is not None:
        from .plotting import save_history

        save_history(history, ("loss", "accuracy"), arguments.plot, title)
        print(f"  picture: {arguments.plot}")


def check_plot_file(path):
    """Raise before the training what would go wrong after it."""
    from .plotting import supported_endings

    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise OSError(f"--plot {path}: there is no folder {folder}")
    if os.path.isdir(path):
        raise OSError(f"--plot {path}: this is a folder")
    known = supported_endings()
    ending = os.path.splitext(path)[1].lstrip(".").lower()
    if ending not in known:
        raise OSError(f"--plot {path}: the file must end in one of {', '.join(sorted(known))}")


def main(argv=None):
    """Run the command; returns the exit code: 0, 1 for what failed, 130 for Ctrl-C."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (OSError, ImportError, RuntimeError, ValueError) as error:
        print(f"backprop-c: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("backprop-c: interrupted", file=sys.stderr)
        return 130
    return 0
