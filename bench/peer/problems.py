"""The problems of the table of seconds to an error, as the peers solve them, and their points.

A problem is a box of coordinates, a residual, and values that are prescribed on faces of the box. The formulas are
those of the catalogue; the sizes of the network and the numbers of points come with the command.
"""
import math
from typing import Callable, NamedTuple

import numpy
from scipy.stats import qmc


class Problem(NamedTuple):
    """`residual(xp, x, u, first, second)`: xp has sin and cos, x[i] is coordinate i, u the network's value, first(i) and
    second(i) its derivatives by coordinate i, all over the same points. `exact` and `given` map points [N x d] to values [N]."""

    box: list[tuple[float, float]]
    residual: Callable
    # (coordinate, value) of each face on which u is prescribed.
    faces: list[tuple[int, float]]
    given: Callable
    exact: Callable


def poisson2():
    def exact(x):
        return numpy.sin(math.pi * x[:, 0]) * numpy.sin(math.pi * x[:, 1])

    def residual(xp, x, u, first, second):
        return -second(0) - second(1) - 2 * math.pi**2 * xp.sin(math.pi * x[0]) * xp.sin(math.pi * x[1])

    faces = [(i, value) for i in range(2) for value in (0.0, 1.0)]
    return Problem([(0.0, 1.0)] * 2, residual, faces, lambda x: numpy.zeros(len(x)), exact)


def poisson5():
    def exact(x):
        return numpy.cos(math.pi * x).sum(1)

    def residual(xp, x, u, first, second):
        return -sum(second(i) + math.pi**2 * xp.cos(math.pi * x[i]) for i in range(5))

    faces = [(i, value) for i in range(5) for value in (0.0, 1.0)]
    return Problem([(0.0, 1.0)] * 5, residual, faces, exact, exact)


def heat1():
    def exact(x):
        return numpy.exp(-(math.pi**2) * x[:, 0] / 4) * numpy.sin(math.pi * x[:, 1])

    def residual(xp, x, u, first, second):
        return first(0) - second(1) / 4

    return Problem([(0.0, 1.0)] * 2, residual, [(0, 0.0), (1, 0.0), (1, 1.0)], exact, exact)


def burgers(viscosity):
    nodes, weights = numpy.polynomial.hermite.hermgauss(120)

    def exact(x):
        """Cole-Hopf transform by Gauss-Hermite quadrature, the largest exponent taken out."""
        y = x[:, 1:] - nodes * numpy.sqrt(4 * viscosity * x[:, :1])
        exponent = -numpy.cos(math.pi * y) / (2 * math.pi * viscosity)
        f = weights * numpy.exp(exponent - exponent.max(1, keepdims=True))
        return -(f * numpy.sin(math.pi * y)).sum(1) / f.sum(1)

    def residual(xp, x, u, first, second):
        return first(0) + u * first(1) - viscosity * second(1)

    # At both ends sin(pi x) is 0, as is u.
    def given(x):
        return -numpy.sin(math.pi * x[:, 1])

    return Problem([(0.0, 1.0), (-1.0, 1.0)], residual, [(0, 0.0), (1, -1.0), (1, 1.0)], given, exact)


PROBLEMS = {
    "P2": poisson2,
    "P5": poisson5,
    "H1": heat1,
    "Burgers-0.01/pi": lambda: burgers(0.01 / math.pi),
    "Burgers-0.01": lambda: burgers(0.01),
}


def spread(method, box, count, generator):
    """Points [count x d] of a box, `uniform` at random or a scrambled `sobol` sequence."""
    lower, upper = numpy.array(box).T
    if method == "uniform":
        unit = generator.random((count, len(box)))
    elif method == "sobol":
        sequence = qmc.Sobol(len(box), rng=generator)
        unit = sequence.random_base2((count - 1).bit_length())[:count]
    else:
        raise ValueError(f"expected the sampling method uniform or sobol, got {method}")
    return lower + (upper - lower) * unit


def condition_points(problem, method, count, generator):
    """`count` points [count x d] on the faces, shared out by measure."""
    lengths = numpy.array([upper - lower for lower, upper in problem.box])
    measures = numpy.array([numpy.delete(lengths, i).prod() for i, _ in problem.faces])
    ends = numpy.rint(count * measures.cumsum() / measures.sum()).astype(int)
    parts = []
    for (i, value), share in zip(problem.faces, numpy.diff(ends, prepend=0)):
        rest = [side for j, side in enumerate(problem.box) if j != i]
        parts.append(numpy.insert(spread(method, rest, int(share), generator), i, value, axis=1))
    return numpy.concatenate(parts)
