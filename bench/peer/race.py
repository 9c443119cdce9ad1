"""A race to an error: what is to be solved, and the clock that notes when the error is first below each level."""
import time

import numpy

from common import report, setting
from problems import PROBLEMS, condition_points, spread

MAX_EVALUATION_POINTS = 100_000
# The error is measured when the clock has gone on by this share: seconds are right to 2 %.
RESOLUTION = 0.02


class Task:
    """The problem, the network and the points that the command line asks for."""

    def __init__(self):
        name = setting("problem", "P2")
        if name not in PROBLEMS:
            raise ValueError(f"expected a problem among {', '.join(PROBLEMS)}, got {name}")
        self.problem = PROBLEMS[name]()
        self.seed = setting("seed", 1)
        self.sizes = [len(self.problem.box), *map(int, setting("hidden", "64").split(",")), 1]
        interior, conditions = setting("interior", 900), setting("conditions", 120)
        method = setting("method", "uniform")
        generator = numpy.random.default_rng(self.seed)
        self.interior = spread(method, self.problem.box, interior, generator)
        self.conditions = condition_points(self.problem, method, conditions, generator)
        self.given = self.problem.given(self.conditions)
        count = min(10 * interior, MAX_EVALUATION_POINTS)
        self.test_points = spread("uniform", self.problem.box, count, generator)
        self.test_values = self.problem.exact(self.test_points)


class Race:
    """Adds up the seconds of training alone, measures errors outside them, and says when it is over."""

    def __init__(self, task, predict):
        """`predict` maps points [N x d] to the network's values [N] as it stands."""
        self.task = task
        self.predict = predict
        self.levels = setting("levels", "0.01,0.001,0.0001,0.00001,0.000001").split(",")
        self.budget = setting("budget", 120.0)
        self.metric = setting("metric", "rmse")
        if self.metric not in ("rmse", "rel_l2"):
            raise ValueError(f"expected the metric rmse or rel_l2, got {self.metric}")
        self.seconds = 0.0
        self.due = 0.0
        self.error = float("inf")
        self.reached = {}

    def timed(self, work):
        """The function `work`, its calls on the clock."""

        def call(*arguments):
            start = time.perf_counter()
            result = work(*arguments)
            self.seconds += time.perf_counter() - start
            return result

        return call

    def check(self, force=False):
        """Measures the error if it is due; true when the last level is reached or the time is up."""
        if force or self.seconds >= self.due:
            self.due = (1 + RESOLUTION) * self.seconds
            self.error = self.measure()
            for level in self.levels:
                if self.error <= float(level):
                    self.reached.setdefault(level, self.seconds)
        return self.seconds >= self.budget or self.error <= float(self.levels[-1])

    def measure(self):
        exact = self.task.test_values
        distance = numpy.linalg.norm(self.predict(self.task.test_points) - exact)
        return float(distance / (len(exact) ** 0.5 if self.metric == "rmse" else numpy.linalg.norm(exact)))

    def finish(self, **details):
        self.check(force=True)
        # NaN and infinity are not JSON.
        error = self.error if numpy.isfinite(self.error) else None
        report(seconds=self.seconds, error=error, **self.reached, **details)
