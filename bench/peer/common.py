"""Shared by the peers: command line, timing, one JSON line as result."""
import json
import statistics
import sys
import time


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
    """Prints the result with the threads and the versions of the libraries that are loaded."""
    libraries = ("torch", "numpy", "scipy", "jax", "deepxde")
    versions = {name: sys.modules[name].__version__ for name in libraries if name in sys.modules}
    versions["python"] = sys.version.split()[0]
    print(json.dumps({**result, "threads": setting("threads", 1), "versions": versions}))
