"""How numbers, units and activations are written on a page of a trace."""

from itertools import groupby

from .formulas import ACTIVATION_FORMULAS

# A network with more units, inputs among them, gets a summary in place of a page.
MOST_UNITS = 40


def number(value):
    return f"{value:.10g}"


def factor(value):
    """A number that can be raised to a power or taken away."""
    return f"({number(value)})" if value < 0 else number(value)


def shown(constants):
    """An activation's or a loss's parameters, as they are written."""
    return {name: number(value) for name, value in constants.items()}


def listed(values):
    return ", ".join(map(number, values))


def equation(*sides):
    """The sides with = between them; one that repeats the side before it is left out."""
    return " = ".join(side for side, _ in groupby(sides))


def source(n):
    """What layer n's inputs are called."""
    return "x" if n == 1 else f"a{n - 1}"


# -- Activations -----------------------------------------------------------------------------


def activation_by(layer, z, minus_z, layer_z):
    value, _ = ACTIVATION_FORMULAS[layer.activation]
    sum_of_exp = " + ".join(f"exp({other})" for other in layer_z)
    return value.format(z=z, minus_z=minus_z, sum_of_exp=sum_of_exp, **shown(layer.constants))


def value_by_numbers(layer, z):
    return activation_by(layer, number(z), number(-z), map(number, layer.z))


def slope_by_names(layer, **names):
    """The derivative by names."""
    _, derivative = ACTIVATION_FORMULAS[layer.activation]
    return derivative.replace(" * ", " ").format(**names, **shown(layer.constants))


def slope_line(n, layer, j):
    """The elementwise derivative of unit j, counted from 0."""
    z, a = f"z{n}[{j + 1}]", f"a{n}[{j + 1}]"
    return f"    {equation(f'd{a}/d{z}', *slope_sides(layer, j, z, a))}"


def slope_sides(layer, j, z, a):
    """The same derivative by the names of z and a, by numbers, and its value."""
    _, derivative = ACTIVATION_FORMULAS[layer.activation]
    by_numbers = derivative.format(
        z=number(layer.z[j]),
        minus_z=number(-layer.z[j]),
        base=factor(layer.z[j]),
        a=factor(layer.a[j]),
        **shown(layer.constants),
    )
    by_names = slope_by_names(layer, z=z, minus_z=f"-{z}", base=z, a=a)
    return by_names, by_numbers, number(layer.slope[j])


def dependence_line(n, layer):
    """The derivative where every output of a layer depends on every z of it."""
    one, other = (slope_by_names(layer, a=f"a{n}[k]", a_j=f"a{n}[j]", same=same) for same in (1, 0))
    return f"    da{n}[k]/dz{n}[j] = {one} where k = j, else {other}"
