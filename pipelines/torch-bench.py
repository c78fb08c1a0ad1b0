#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times training steps of a network in PyTorch.

    torch-bench.py THREADS RUNS NETWORK BATCH SIZE

NETWORK is one of ae/timing_nets.h, BATCH x SIZE x SIZE its input (SIZE is 0
where the network has its own). Forward, mean squared error, backward, Adam; of
a GAN the discriminator's step on as many real as generated pictures, then the
generator's. Prints one JSON object: median_ms, min_ms. Exit status 77: there
is no torch.
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


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(784, 400), nn.ReLU())
        self.mean = nn.Linear(400, 20)
        self.log_variance = nn.Linear(400, 20)
        self.decode = nn.Sequential(nn.Linear(20, 400), nn.ReLU(),
                                    nn.Linear(400, 784), nn.Sigmoid())

    def forward(self, x):
        h = self.encode(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        noise = torch.randn_like(mean)
        z = mean + noise * torch.exp(log_variance * 0.5)
        divergence = (mean * mean + torch.exp(log_variance)
                      - log_variance - 1) * 0.5
        return torch.cat((self.decode(z), divergence), 1)


def generator():
    return nn.Sequential(nn.ConvTranspose2d(64, 128, 7), nn.ReLU(),
                         nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ReLU(),
                         nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh())


def discriminator():
    return nn.Sequential(nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.01),
                         nn.Conv2d(64, 128, 4, 2, 1), nn.LeakyReLU(0.01),
                         nn.Conv2d(128, 1, 7))


NETWORKS = {
    'ffdnet': lambda: nn.Sequential(nn.PixelUnshuffle(2),
                                    *chain(12, 48, 9, 12),
                                    nn.PixelShuffle(2)),
    'dncnn': lambda: Residual(nn.Sequential(*chain(3, 32, 6, 3))),
    'autoencoder': lambda: nn.Sequential(*encoder(), *decoder()),
    'mlp': lambda: nn.Sequential(*dense()),
    'vae': Vae,
}


def train(optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def plain_step(name, batch, size):
    net = NETWORKS[name]()
    x = torch.rand((batch, 3, size, size) if size else (batch, 784))
    target = torch.rand(net(x).shape)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-4)

    def step():
        train(optimiser, nn.functional.mse_loss(net(x), target))
    return step


def gan_step(batch):
    g, d = generator(), discriminator()
    real, z = torch.rand((batch, 1, 28, 28)), torch.rand((batch, 64, 1, 1))
    labels = torch.cat((torch.ones(batch, 1, 1, 1),
                        torch.zeros(batch, 1, 1, 1)))
    adam = [torch.optim.Adam(net.parameters(), lr=1e-4) for net in (g, d)]

    def step():
        with torch.no_grad():
            fake = g(z)
        seen = d(torch.cat((real, fake)))
        train(adam[1], nn.functional.mse_loss(seen, labels))
        for p in d.parameters():
            p.requires_grad = False
        train(adam[0], nn.functional.mse_loss(d(g(z)), labels[:batch]))
        for p in d.parameters():
            p.requires_grad = True
    return step


def main():
    threads, runs, name, batch, size = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    step = (gan_step(int(batch)) if name == 'gan'
            else plain_step(name, int(batch), int(size)))
    ms = []
    for i in range(int(runs) + 3):
        start = time.perf_counter()
        step()
        if i >= 3:
            ms.append(1e3 * (time.perf_counter() - start))
    ms.sort()
    print(json.dumps({'median_ms': ms[len(ms) // 2], 'min_ms': ms[0]}))


if __name__ == '__main__':
    main()
