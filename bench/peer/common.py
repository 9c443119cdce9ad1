"""Shared by the peers: command line, timing, one JSON line as result."""
import json
import statistics
import sys
import time

import numpy
import torch


def setting(name, default):
    """The value of --name VALUE, converted like the default."""
    flag = f"--{name}"
    return type(default)(sys.argv[sys.argv.index(flag) + 1]) if flag in sys.argv else default


def median_seconds(step, warmup, steps):
    """Median wall seconds of one call after `warmup` calls."""
    for _ in range(warmup):
        step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(**result):
    versions = {"torch": torch.__version__, "numpy": numpy.__version__, "python": sys.version.split()[0]}
    print(json.dumps({**result, "threads": torch.get_num_threads(), "versions": versions}))
