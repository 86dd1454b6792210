"""Progress of a fit: tqdm where it is installed, one plain line otherwise."""

import sys
import time

SECONDS_BETWEEN_LINES = 0.1


class Progress:
    """Shows on standard error how many epochs, or other units, are done; how fast; and the loss."""

    def __init__(self, epochs, unit="epoch"):
        self._epochs = epochs
        self._unit = unit
        self._start = time.perf_counter()
        self._shown = 0.0
        self._bar = None
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return
        if sys.stderr is not None:
            self._bar = tqdm(total=epochs, unit=unit)

    def update(self, done, loss):
        """Show that `done` epochs are finished, the last with this loss (None before the first)."""
        text = "" if loss is None else f"loss {loss:.6g}"
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        if sys.stderr is None:  # a program without a console
            return
        now = time.perf_counter()
        if done == self._epochs or now - self._shown >= SECONDS_BETWEEN_LINES:
            self._shown = now
            rate = done / max(now - self._start, 1e-9)
            unit = self._unit
            line = f"{unit} {done}/{self._epochs}  {rate:,.0f} {unit}s/s  {text}"
            sys.stderr.write(f"\r{line:<70}")
            sys.stderr.flush()

    def close(self):
        """End the line."""
        if self._bar is not None:
            self._bar.close()
        elif sys.stderr is not None:
            sys.stderr.write("\n")
