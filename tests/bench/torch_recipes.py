#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times the training that a recipe says in PyTorch, on random pictures.

    torch_recipes.py RECIPE.ini THREADS STEPS [SECTION.KEY=VALUE]...
    torch_recipes.py --sample RECIPE.ini THREADS RUNS

The networks of task autoencoder (net = dense, conv), classifier and gan (net =
conv, loss = non-saturating, no augmentation), with the recipe's batch, optimiser,
clipping, averaging of weights and what it does to pictures. --sample: instead one
picture is made of one code, by the decoder or the generator. Prints one JSON
object: median_ms, min_ms. Exit status 77: there is no torch.
"""
import configparser
import json
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    print(json.dumps({'error': 'torch is not found: apt-get install '
                               'python3-torch'}))
    sys.exit(77)

WARM, N_PICTURES = 10, 2000


class Recipe:
    """Values of a recipe, with what they are where it does not say."""

    DEFAULTS = {'autoencoder': {'batch': 128, 'clip_norm': 0},
                'classifier': {'batch': 128, 'clip_norm': 1},
                'gan': {'batch': 64, 'clip_norm': 0, 'learning_rate': 2e-4}}

    def __init__(self, path, more):
        self.file = configparser.ConfigParser()
        with open(path, encoding='utf-8') as file:
            self.file.read_file(file)
        for text in more:
            key, value = text.split('=', 1)
            section, key = key.split('.')
            self.file.set(section, key, value)
        self.task = self.file['model']['task']
        self.net = self.file[self.task]
        self.training = self.file['training']
        self.size = [int(n) for n in self.net.get('size', '28x28').split('x')]
        self.widths = [int(n) for n in self.net.get('widths',
                                                    '32,64').split(',')]
        self.classes = int(self.net.get('classes', 0))

    def number(self, key, usual=0.0):
        return float(self.net.get(key, usual))

    def train(self, key, usual=0.0):
        usual = self.DEFAULTS[self.task].get(key, usual)
        return float(self.training.get(key, usual))


class Maps(nn.Module):
    """The smallest maps of a picture of the recipe's size."""

    def __init__(self, recipe):
        super().__init__()
        n = len(recipe.widths)
        self.shape = (recipe.widths[-1], recipe.size[1] >> n,
                      recipe.size[0] >> n)
        self.n = self.shape[0] * self.shape[1] * self.shape[2]

    def forward(self, x):
        return x.view(-1, *self.shape)


def chain(units):
    layers = []
    for a, b in zip(units, units[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return layers


def halving(widths, activation):
    layers = []
    for a, b in zip([1] + widths, widths):
        layers += [nn.Conv2d(a, b, 4, 2, 1), activation()]
    return layers


def doubling(widths, between=None):
    layers = []
    down = widths[::-1] + [1]
    for a, b in zip(down, down[1:]):
        layers += (between(a) if between else [])
        layers += [nn.ConvTranspose2d(a, b, 4, 2, 1), nn.ReLU()]
    return layers[:-1]


def encoder(recipe):
    """Layers, and the number of values that they end with."""
    if recipe.net.get('net', 'conv') == 'dense':
        pixels = recipe.size[0] * recipe.size[1]
        return [nn.Flatten(), *chain([pixels] + recipe.widths)], \
            recipe.widths[-1]
    return [*halving(recipe.widths, nn.ReLU), nn.Flatten()], Maps(recipe).n


def decoder(recipe):
    latent = int(recipe.number('latent', 32))
    if recipe.net.get('net', 'conv') == 'dense':
        pixels = recipe.size[0] * recipe.size[1]
        return nn.Sequential(*chain([latent] + recipe.widths[::-1]),
                             nn.Linear(recipe.widths[0], pixels))
    maps = Maps(recipe)
    return nn.Sequential(nn.Linear(latent, maps.n), nn.ReLU(), maps,
                         *doubling(recipe.widths))


class Residual(nn.Module):
    def __init__(self, width, activation):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.activation = activation()

    def forward(self, x):
        return self.activation(x + self.conv(x))


def leaky():
    return nn.LeakyReLU(0.2)


class Generator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        depth = int(recipe.number('depth'))
        maps = Maps(recipe)
        self.net = nn.Sequential(
            nn.Linear(int(recipe.number('latent', 64)) + recipe.classes,
                      maps.n), nn.ReLU(), maps,
            *doubling(recipe.widths,
                      lambda n: [Residual(n, nn.ReLU)
                                 for _ in range(depth)]), nn.Sigmoid())

    def forward(self, latent, classes):
        return self.net(torch.cat((latent, classes), 1))


class Discriminator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        depth = int(recipe.number('discriminator_depth'))
        n = Maps(recipe).n
        self.features = nn.Sequential(
            *halving(recipe.widths, leaky),
            *[Residual(recipe.widths[-1], leaky) for _ in range(depth)],
            nn.Flatten())
        self.realness = nn.Linear(n, 1)
        self.of_class = nn.Linear(recipe.classes, n) if recipe.classes else None

    def forward(self, frame, classes):
        x = self.features((frame - 0.5) * 2)
        said = self.realness(x)
        if self.of_class:
            said = said + (x * self.of_class(classes)).sum(1, keepdim=True)
        return said


class Muon:
    """Of matrices; Adam of the rest (Jordan et al., 2024)."""

    def __init__(self, params, rate, momentum, decay):
        params = list(params)
        self.matrices = [p for p in params if p.dim() > 1
                         and min(p.shape[0], p[0].numel()) > 16]
        ours = {id(p) for p in self.matrices}
        self.adam = torch.optim.Adam(
            [p for p in params if id(p) not in ours], lr=rate)
        self.memory = [torch.zeros_like(p) for p in self.matrices]
        self.rate, self.momentum, self.decay = rate, momentum, decay
        self.all = params

    def zero_grad(self):
        for p in self.all:
            p.grad = None

    @staticmethod
    def orthogonal(g):
        x = g.reshape(g.shape[0], -1)
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / x.norm()
        for _ in range(5):
            a = x @ x.T
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        return (x.T if tall else x).reshape(g.shape)

    @torch.no_grad()
    def step(self):
        for p, m in zip(self.matrices, self.memory):
            m.lerp_(p.grad, 1 - self.momentum)
            g = p.grad.lerp(m, self.momentum)
            longer = max(p.shape[0], p[0].numel())
            p.mul_(1 - self.rate * self.decay)
            p.add_(self.orthogonal(g), alpha=-0.2 * self.rate * longer ** 0.5)
        self.adam.step()


class Learner:
    """A network with its optimiser and its averaged weights."""

    def __init__(self, recipe, net, rate):
        self.net = net
        self.params = list(net.parameters())
        self.clip = recipe.train('clip_norm')
        self.decay = recipe.train('ema_decay', 0.999)
        self.average = [p.detach().clone() for p in self.params]
        kind = recipe.training.get('optimiser', 'adam')
        if kind == 'muon':
            self.optimiser = Muon(self.params, rate,
                                  recipe.train('momentum', 0.9),
                                  recipe.train('weight_decay'))
        elif kind == 'adam':
            self.optimiser = torch.optim.Adam(
                self.params, lr=rate,
                betas=(recipe.number('beta1', 0.9), 0.999))
        else:
            sys.exit(f"torch_recipes.py: optimiser '{kind}', wanted adam or "
                     'muon')

    def learn(self, loss):
        self.optimiser.zero_grad()
        loss.backward()
        if self.clip:
            nn.utils.clip_grad_norm_(self.params, self.clip)
        self.optimiser.step()
        with torch.no_grad():
            for a, p in zip(self.average, self.params):
                a.lerp_(p, 1 - self.decay)

    def take_no_gradients(self, none):
        for p in self.params:
            p.requires_grad_(not none)


class Pictures:
    def __init__(self, recipe):
        self.all = torch.randint(
            0, 256, (N_PICTURES, 1, recipe.size[1], recipe.size[0]),
            dtype=torch.uint8)
        self.labels = torch.arange(N_PICTURES) % 10
        self.batch = int(recipe.train('batch'))
        self.shift = [2 * recipe.number('shift') / n for n in recipe.size]
        self.rotation = recipe.number('rotation') * 0.017453293
        self.stretch = recipe.number('stretch')
        self.warps = any((*self.shift, self.rotation, self.stretch))

    def draw(self):
        index = torch.randint(0, N_PICTURES, (self.batch,))
        return self.all[index].float() / 255, self.labels[index]

    def warp(self, x):
        """Turned, stretched and moved, each picture another way."""
        if not self.warps:
            return x
        r = torch.rand(5, self.batch) * 2 - 1
        c, s = torch.cos(self.rotation * r[0]), torch.sin(self.rotation * r[0])
        a, d = 1 + self.stretch * r[1], 1 + self.stretch * r[2]
        theta = torch.stack((c * a, -s * a, self.shift[0] * r[3],
                             s * d, c * d, self.shift[1] * r[4]),
                            1).view(-1, 2, 3)
        grid = F.affine_grid(theta, x.shape, align_corners=False)
        return F.grid_sample(x, grid, padding_mode='border',
                             align_corners=False)


class Coder(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        layers, n = encoder(recipe)
        latent = int(recipe.number('latent', 32))
        self.variational = recipe.net.get('code') == 'variational'
        self.features = nn.Sequential(*layers)
        self.latent = nn.Linear(n, latent)
        if self.variational:
            self.log_variance = nn.Linear(n, latent)
        self.decode = decoder(recipe)

    def forward(self, x):
        h = self.features(x - 0.5)
        code, divergence = self.latent(h), 0
        if self.variational:
            log_variance = self.log_variance(h).clamp(-16, 8)
            divergence = 0.5 * (code * code + log_variance.exp()
                                - log_variance - 1).sum()
            code = code + torch.randn_like(code) * (0.5 * log_variance).exp()
        return self.decode(code).view_as(x), divergence


def autoencoder_step(recipe):
    learner = Learner(recipe, Coder(recipe),
                      recipe.train('learning_rate', 1e-3))
    pictures = Pictures(recipe)
    noise = recipe.number('noise')
    bernoulli = recipe.net.get('likelihood') == 'bernoulli'

    def step():
        x, _ = pictures.draw()
        if recipe.net.get('binarise') == 'yes':
            x = torch.bernoulli(x)
        seen = pictures.warp(x)
        if noise:
            seen = seen + noise * torch.randn_like(seen)
        made, divergence = learner.net(seen)
        misfit = (F.binary_cross_entropy_with_logits(made, x, reduction='sum')
                  if bernoulli else F.mse_loss(made, x, reduction='sum'))
        learner.learn((misfit + divergence) / pictures.batch)
    return step


def classifier_step(recipe):
    layers, n = encoder(recipe)
    features = int(recipe.number('features', 128))
    learner = Learner(recipe, nn.Sequential(
        *layers, nn.Linear(n, features), nn.ReLU(),
        nn.Dropout(recipe.number('dropout')),
        nn.Linear(features, recipe.classes or 10)),
        recipe.train('learning_rate', 1e-3))
    pictures = Pictures(recipe)

    def step():
        x, labels = pictures.draw()
        made = learner.net(pictures.warp(x) - 0.5)
        learner.learn(F.cross_entropy(made, labels))
    return step


def gan_step(recipe):
    g = Learner(recipe, Generator(recipe), recipe.train('learning_rate'))
    d = Learner(recipe, Discriminator(recipe),
                recipe.number('discriminator_rate', 4e-4))
    pictures = Pictures(recipe)
    latent = int(recipe.number('latent', 64))

    def step():
        x, labels = pictures.draw()
        classes = F.one_hot(labels, max(recipe.classes, 10)).float()
        classes = classes[:, :recipe.classes]
        made = g.net(torch.randn(pictures.batch, latent), classes)
        d.learn(F.softplus(-d.net(x, classes)).mean()
                + F.softplus(d.net(made.detach(), classes)).mean())
        d.take_no_gradients(True)
        g.learn(F.softplus(-d.net(made, classes)).mean())
        d.take_no_gradients(False)
    return step


def sample_step(recipe):
    latent = torch.randn(1, int(recipe.number('latent', 32)))
    gan = recipe.task == 'gan'
    net = Generator(recipe) if gan else decoder(recipe)
    classes = torch.zeros(1, recipe.classes)
    net.eval()

    def step():
        with torch.inference_mode():
            net(latent, classes) if gan else torch.sigmoid(net(latent))
    return step


STEPS = {'autoencoder': autoencoder_step, 'classifier': classifier_step,
         'gan': gan_step}


def measure(step, runs):
    ms = []
    for i in range(-WARM, runs):
        start = time.perf_counter()
        step()
        if i >= 0:
            ms.append(1e3 * (time.perf_counter() - start))
    ms.sort()
    return {'median_ms': ms[len(ms) // 2], 'min_ms': ms[0]}


def main():
    arguments = sys.argv[1:]
    sample = arguments[0] == '--sample'
    path, threads, runs, *more = arguments[sample:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    recipe = Recipe(path, more)
    step = sample_step if sample else STEPS[recipe.task]
    print(json.dumps(measure(step(recipe), int(runs))))


if __name__ == '__main__':
    main()
