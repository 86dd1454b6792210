"""What a network is made of, as a table: in text, and in HTML for notebooks."""

COLUMNS = ("layer", "units", "activation", "weights", "biases", "parameters")


def options(net):
    """Name -> value of what is beside the layers."""
    n_bytes = net.parameters.nbytes
    found = {
        "loss": net.loss,
        "optimizer": net.optimizer,
        "dtype": net.dtype,
        "parameters": f"{net.parameters.size} ({_bytes(n_bytes)})",
    }
    for name in ("l1", "l2", "dropout", "max_norm"):
        values = getattr(net, name)
        if any(values):
            found[name] = values[0] if len(set(values)) == 1 else values
    if net.history is not None:
        found["last fit"] = net.history
    return found


def _bytes(n):
    for unit in ("bytes", "kB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"


def text(net):
    """The table in columns, and a line for each option."""
    rows = [COLUMNS, *((*map(str, row),) for row in net._summary_rows())]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    lines = []
    for row in rows:
        cells = zip(row, widths, COLUMNS, strict=True)
        lines.append(
            "  ".join(
                cell.ljust(width) if name in ("layer", "activation") else cell.rjust(width)
                for cell, width, name in cells
            ).rstrip()
        )
    lines.insert(1, "-" * max(map(len, lines)))
    lines.append(lines[1])
    lines += [f"{name}: {value}" for name, value in options(net).items()]
    return "\n".join(lines)


def html(net):
    """The same for notebooks."""
    from html import escape  # many programs never need it

    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in net._summary_rows()
    )
    below = "".join(
        f"<div>{escape(name)}: <code>{escape(str(value))}</code></div>"
        for name, value in options(net).items()
    )
    return (
        f"<div><strong>{escape(type(net).__name__)}</strong>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
    )
