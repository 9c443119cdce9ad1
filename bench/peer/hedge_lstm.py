"""A training step of the LSTM-32 hedging policy in PyTorch, f32: simulate Heston paths, closed loop with costs, entropic
risk, gradient by autograd, Adam. The date loop runs through `torch.compile` when asked. Prints seconds per step (median)."""
import math

import torch

from common import median_seconds, report, setting

torch.set_num_threads(setting("threads", 1))
torch.manual_seed(setting("seed", 0))
PATHS, DATES, HIDDEN, COST, STRIKE = setting("paths", 1024), 30, 32, 0.001, 100.0
kappa, theta, xi, rho, v0, drift, spot = 2.0, 0.04, 0.3, -0.7, 0.04, 0.05, 100.0
horizon = 30 / 365
interval = horizon / DATES
premium = 2.2683193398795
decay = math.exp(-kappa * interval)
k1 = 0.5 * interval * (kappa * rho / xi - 0.5) - rho / xi
k2 = 0.5 * interval * (kappa * rho / xi - 0.5) + rho / xi
k3 = k4 = 0.5 * interval * (1 - rho * rho)
a = k2 + 0.5 * k4

bound = 1 / math.sqrt(HIDDEN)
gates = ((2 * torch.rand(4 + HIDDEN + 1, 4 * HIDDEN) - 1) * bound).requires_grad_()
head = ((2 * torch.rand(HIDDEN + 1, 1) - 1) * bound).requires_grad_()
with torch.no_grad():
    gates[-1] = 0
    gates[-1, HIDDEN : 2 * HIDDEN] = 1
    head[-1] = 0
optimizer = torch.optim.Adam([gates, head], lr=0.03, fused=True)


def simulate():
    """Spot and variance [dates+1 x paths] by QE-M, f64 as the scheme needs."""
    log_spot = torch.full((PATHS,), math.log(spot), dtype=torch.float64)
    v = torch.full((PATHS,), v0, dtype=torch.float64)
    spots, variances = [log_spot], [v]
    for _ in range(DATES):
        z, zv = torch.randn_like(v), torch.randn_like(v)
        mean = theta + (v - theta) * decay
        variance = v * (xi * xi * decay * (1 - decay) / kappa) + theta * xi * xi * (1 - decay) ** 2 / (2 * kappa)
        psi = variance / (mean * mean)
        inverse = 2 / psi.clamp(max=1.5)
        b2 = inverse - 1 + inverse.sqrt() * (inverse - 1).sqrt()
        a1 = mean / (1 + b2)
        quadratic = a1 * (b2.sqrt() + zv) ** 2
        k0q = -a * b2 * a1 / (1 - 2 * a * a1) + 0.5 * torch.log(1 - 2 * a * a1)
        high = psi.clamp(min=1.5)
        p = (high - 1) / (high + 1)
        beta = (1 - p) / mean
        tail = (1 - torch.special.ndtr(zv)).clamp(min=1e-30)
        exponential = torch.where(1 - tail <= p, torch.zeros_like(v), torch.log((1 - p) / tail) / beta)
        k0e = -torch.log(p + beta * (1 - p) / (beta - a))
        low = psi <= 1.5
        following = torch.where(low, quadratic, exponential)
        k0 = torch.where(low, k0q, k0e) - (k1 + 0.5 * k3) * v
        log_spot = log_spot + drift * interval + k0 + k1 * v + k2 * following + (k3 * v + k4 * following).sqrt() * z
        v = following
        spots.append(log_spot)
        variances.append(v)
    return torch.stack(spots), torch.stack(variances)


def date_step(x, position, h, c, cash, gain, cost, gates, head):
    """One date of the loop: features in, new position, cash after gain and cost."""
    rows = torch.cat([x, (2 * position - 1)[:, None], h], 1)
    pre = torch.addmm(gates[-1], rows, gates[:-1])
    i, f, g, o = pre.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    following = torch.tanh(torch.addmm(head[-1], h, head[:-1])[:, 0])
    cash = cash + following * gain - cost * (following - position).abs()
    return following, h, c, cash


def risk(log_spot, v, gates, head):
    s = log_spot.exp()
    moneyness = (20 * (log_spot - math.log(STRIKE))).float()
    volatility = ((v.sqrt() - math.sqrt(theta)) / (0.5 * math.sqrt(theta))).float()
    gains = (s[1:] - s[:-1]).float()
    costs = (COST * s[:-1]).float()
    cash = (premium - (s[-1] - STRIKE).clamp(min=0)).float()
    position = torch.zeros(PATHS)
    h, c = torch.zeros(PATHS, HIDDEN), torch.zeros(PATHS, HIDDEN)
    for t in range(DATES):
        clock = torch.full((PATHS,), 2 * (1 - t / DATES) - 1)
        x = torch.stack([moneyness[t], volatility[t], clock], 1)
        position, h, c, cash = one_date(x, position, h, c, cash, gains[t], costs[t], gates, head)
    return torch.logsumexp(-cash, 0) - math.log(PATHS)


mode = setting("compile", "date")
one_date = torch.compile(date_step) if mode == "date" else date_step
if mode == "all":
    risk = torch.compile(risk)
if mode != "none":
    simulate = torch.compile(simulate)


def step():
    with torch.no_grad():
        log_spot, v = simulate()
    optimizer.zero_grad(set_to_none=True)
    loss = risk(log_spot, v, gates, head)
    loss.backward()
    optimizer.step()
    return loss.item()


seconds = median_seconds(step, setting("warmup", 5), setting("steps", 30))
report(seconds=seconds, pathSteps=PATHS * DATES / seconds, risk=step(), compile=mode)
