"""Heston paths by the QE-M scheme in PyTorch, two normals a step, vectorised over paths. Prints path-steps per second."""
import math

import torch

from common import median_seconds, report, setting

torch.set_num_threads(setting("threads", 1))
dtype = {"f32": torch.float32, "f64": torch.float64}[setting("dtype", "f64")]
PATHS, DATES = setting("paths", 32768), 30
kappa, theta, xi, rho, v0, drift, spot = 2.0, 0.04, 0.3, -0.7, 0.04, 0.05, 100.0
interval = 30 / 365 / DATES
decay = math.exp(-kappa * interval)
k1 = 0.5 * interval * (kappa * rho / xi - 0.5) - rho / xi
k2 = 0.5 * interval * (kappa * rho / xi - 0.5) + rho / xi
k3 = k4 = 0.5 * interval * (1 - rho * rho)
a = k2 + 0.5 * k4


def qe_step(log_spot, v):
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
    return log_spot, following


qe_step = torch.compile(qe_step) if setting("compile", 1) else qe_step


def simulate():
    log_spot = torch.full((PATHS,), math.log(spot), dtype=dtype)
    v = torch.full((PATHS,), v0, dtype=dtype)
    spots, variances = [log_spot.exp()], [v]
    for _ in range(DATES):
        log_spot, v = qe_step(log_spot, v)
        spots.append(log_spot.exp())
        variances.append(v)
    return torch.stack(spots), torch.stack(variances)


with torch.no_grad():
    seconds = median_seconds(simulate, setting("warmup", 3), setting("steps", 20))
    mean_spot = simulate()[0][-1].mean().item()
report(seconds=seconds, pathSteps=PATHS * DATES / seconds, meanSpot=mean_spot)
