"""Numbers, tables and pages in words: what people read."""


def duration(microseconds):
    """Three digits and a unit."""
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3g} s"
    if microseconds >= 1e3:
        return f"{microseconds / 1e3:.3g} ms"
    return f"{microseconds:.3g} µs"


def times(ratio):
    """0.93×, 1.02×, 4.5×, 31×, 1600×."""
    if ratio < 10:
        return f"{ratio:.{2 if ratio < 2 else 1}f}×"
    return f"{float(f'{ratio:.2g}'):g}×"


def markdown(header, lines):
    """A table."""
    rule = f"|{'---|' * len(header)}"
    rows = [f"| {' | '.join(cells)} |" for cells in (header, *lines)]
    return "\n".join([rows[0], rule, *rows[1:]])


def paragraphs(*parts):
    """What there is, with empty lines between."""
    return "\n\n".join(part for part in parts if part)


def fill(text, inner, name="benchmarks"):
    """The text with what stands between the markers of that name replaced."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{inner}\n{end}{after}"
