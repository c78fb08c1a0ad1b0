#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times training steps of a network in PyTorch.

    torch-bench.py THREADS RUNS NETWORK BATCH SIZE

NETWORK is one of ae/timing_nets.h, BATCH x SIZE x SIZE its input (dense
networks have no size). Forward, mean squared error, backward, Adam. Prints one
JSON object: median_ms, min_ms. Exit status 77: there is no torch.
"""
import json
import sys
import time

try:
    import torch
    from torch import nn
except ImportError:
    print(json.dumps({'error': 'torch is not found: apt-get install '
                               'python3-torch'}))
    sys.exit(77)


def chain(ic, width, n, oc):
    layers = []
    for i in range(n):
        layers += [nn.Conv2d(width if i else ic, width, 3, padding=1),
                   nn.ReLU()]
    return layers + [nn.Conv2d(width, oc, 3, padding=1)]


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x - self.inner(x)


def encoder():
    layers = []
    for ic, oc in ((3, 64), (64, 64), (64, 64)):
        layers += [nn.Conv2d(ic, oc, 5, 2, 2), nn.ReLU()]
    return layers + [nn.Conv2d(64, 96, 5, 2, 2)]


def decoder():
    layers = []
    for ic, oc in ((96, 64), (64, 64), (64, 64), (64, 3)):
        layers += [nn.ConvTranspose2d(ic, oc, 5, 2, 2, 1), nn.ReLU()]
    return layers[:-1]


def dense():
    return [nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(),
            nn.Linear(400, 10)]


NETWORKS = {
    'ffdnet': lambda: nn.Sequential(nn.PixelUnshuffle(2),
                                    *chain(12, 48, 9, 12),
                                    nn.PixelShuffle(2)),
    'dncnn': lambda: Residual(nn.Sequential(*chain(3, 32, 6, 3))),
    'autoencoder': lambda: nn.Sequential(*encoder(), *decoder()),
    'mlp': lambda: nn.Sequential(*dense()),
}


def main():
    threads, runs, name, batch, size = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    net = NETWORKS[name]()
    shape = ((int(batch), 784) if name == 'mlp'
             else (int(batch), 3, int(size), int(size)))
    x = torch.rand(shape)
    target = torch.rand(net(x).shape)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-4)
    ms = []
    for i in range(int(runs) + 3):
        start = time.perf_counter()
        optimiser.zero_grad()
        nn.functional.mse_loss(net(x), target).backward()
        optimiser.step()
        if i >= 3:
            ms.append(1e3 * (time.perf_counter() - start))
    ms.sort()
    print(json.dumps({'median_ms': ms[len(ms) // 2], 'min_ms': ms[0]}))


if __name__ == '__main__':
    main()
