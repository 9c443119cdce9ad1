"""A problem in DeepXDE (PyTorch, f64) as its documentation advises: Adam at 1e-3, then L-BFGS, tanh, Glorot normal weights.

Adam ends after `--adam` steps, or with half of the budget. L-BFGS has its documented settings but no tolerances, by
which it would stop early; it is entered every 20 iterations, and what DeepXDE does in between, its own test of the
losses, is not on the clock. DeepXDE's PyTorch backend has no just-in-time compilation; what PyTorch loads at the first
call of an optimizer is not on the clock either, and reported as compilation.
"""
import os
import time

os.environ["DDE_BACKEND"] = "pytorch"

import torch

from common import setting

torch.set_num_threads(setting("threads", 1))

import deepxde

from race import Race, Task

BLOCK = 20

deepxde.config.set_default_float("float64")
task = Task()
deepxde.config.set_random_seed(task.seed)
problem = task.problem


def equation(x, u):
    return problem.residual(
        torch,
        [x[:, i : i + 1] for i in range(len(problem.box))],
        u,
        lambda i: deepxde.grad.jacobian(u, x, i=0, j=i),
        lambda i: deepxde.grad.hessian(u, x, i=i, j=i),
    )


conditions = deepxde.icbc.PointSetBC(task.conditions, task.given[:, None])
geometry = deepxde.geometry.Hypercube(*zip(*problem.box))
data = deepxde.data.PDE(geometry, equation, [conditions], anchors=task.interior)
network = deepxde.nn.FNN(task.sizes, "tanh", "Glorot normal")
model = deepxde.Model(data, network)

# Not Model.predict, which changes what DeepXDE remembers of the training.
test_points = torch.as_tensor(task.test_points)


@torch.no_grad()
def predict(_):
    return network(test_points)[:, 0].numpy()


def first_calls():
    """Seconds of what happens once: the loss and its gradient, and a step of each optimizer on a number of no use."""
    start = time.perf_counter()
    model.compile("adam", lr=1e-3, verbose=0)
    model.outputs_losses_train(data.train_x, data.train_y, None)[1].sum().backward()
    number = torch.ones(1, requires_grad=True)
    for optimizer in (torch.optim.Adam([number]), torch.optim.LBFGS([number], line_search_fn="strong_wolfe")):

        def closure():
            optimizer.zero_grad()
            square = (number**2).sum()
            square.backward()
            return square

        optimizer.step(closure)
    predict(None)
    return time.perf_counter() - start


compile_seconds = first_calls()
race = Race(task, predict)


class Watch(deepxde.callbacks.Callback):
    """Ends a phase when the race is over or the phase's seconds are."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def on_epoch_end(self):
        if race.check() or race.seconds >= self.limit:
            self.model.stop_training = True


def train(optimizer, iterations, limit, **settings):
    model.compile(optimizer, verbose=0, **settings)
    model.train_step = race.timed(model.train_step)
    model.train(iterations=iterations, display_every=10**9, callbacks=[Watch(limit)], verbose=0)


train("adam", setting("adam", 15_000), race.budget / 2, lr=1e-3)
adam_seconds, adam_steps = race.seconds, model.train_state.step
if not race.check(force=True):
    deepxde.optimizers.set_LBFGS_options(gtol=0, ftol=0, maxiter=10**9)
    # A block ends by its iterations: 25 evaluations at most in each line search.
    deepxde.optimizers.LBFGS_options.update(iter_per_step=BLOCK, fun_per_step=26 * BLOCK)
    train("L-BFGS", None, race.budget)
race.finish(steps=model.train_state.step, adamSteps=adam_steps, adamSeconds=adam_seconds, compileSeconds=compile_seconds)
