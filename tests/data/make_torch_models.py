#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the folders in tests/data/torch: small networks as PyTorch exports
them, with one input and the output that PyTorch computes, in the layout of the
ONNX project's operator tests.

    /usr/bin/python3 tests/data/make_torch_models.py tests/data/torch

Needs python3-torch. The committed files come from PyTorch 1.13.
"""
import os
import sys

import torch
from torch import nn


class Denoiser(nn.Module):
    """Shuffled to half size with a noise map beside it, and a residual."""

    def __init__(self):
        super().__init__()
        self.down = nn.PixelUnshuffle(2)
        self.body = nn.Sequential(
            nn.Conv2d(13, 8, 3, padding=1), nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8),
            nn.LeakyReLU(0.2), nn.Conv2d(8, 12, 3, padding=1))
        self.up = nn.PixelShuffle(2)

    def forward(self, x, sigma):
        return x - self.up(self.body(torch.cat([self.down(x), sigma], 1)))


class UNet(nn.Module):
    """Two scales: pooling, transposed convolution, interpolation, skip."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1, groups=3)
        self.norm = nn.InstanceNorm2d(6, affine=True)
        self.second = nn.Conv2d(6, 8, 3, padding=2, dilation=2)
        self.up = nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1)
        self.last = nn.Conv2d(14, 3, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        a = nn.functional.elu(self.norm(self.first(x)))
        b = nn.functional.hardswish(self.second(self.pool(a)))
        c = nn.functional.interpolate(
            b, scale_factor=2, mode='bilinear', align_corners=False)
        return torch.tanh(self.last(torch.cat([self.up(b) + a, c], 1)))


class Vae(nn.Module):
    """Dense encoder and decoder around a given sample of noise."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(16, 12), nn.LayerNorm(12), nn.GELU())
        self.mean = nn.Linear(12, 4)
        self.log_var = nn.Linear(12, 4)
        self.decoder = nn.Sequential(
            nn.Linear(4, 12), nn.Softplus(), nn.Dropout(0.5),
            nn.Linear(12, 16), nn.Sigmoid())

    def forward(self, x, noise):
        h = self.encoder(x)
        mean, log_var = self.mean(h), self.log_var(h).clamp(-5, 5)
        z = mean + torch.exp(0.5 * log_var) * noise
        return self.decoder(z).view_as(x), mean, log_var.sum(dim=1)


def varint(value):
    out = b''
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def write_tensor(path, tensor):
    """One serialized TensorProto: dims, data_type (float), raw_data."""
    raw = tensor.detach().contiguous().numpy().tobytes()
    head = b''.join(b'\x08' + varint(d) for d in tensor.shape)
    with open(path, 'wb') as file:
        file.write(head + b'\x10\x01' + b'\x4a' + varint(len(raw)) + raw)


def export(folder, name, model, inputs, opset, dynamic=None):
    path = os.path.join(folder, name)
    data = os.path.join(path, 'test_data_set_0')
    os.makedirs(data, exist_ok=True)
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    names = [f'in{i}' for i in range(len(inputs))]
    torch.onnx.export(
        model, inputs, os.path.join(path, 'model.onnx'), input_names=names,
        opset_version=opset, dynamic_axes=dynamic)
    outputs = model(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for kind, tensors in (('input', inputs), ('output', outputs)):
        for i, tensor in enumerate(tensors):
            write_tensor(os.path.join(data, f'{kind}_{i}.pb'), tensor)


def main():
    folder = sys.argv[1]
    torch.manual_seed(1)
    open_size = {2: 'h', 3: 'w'}
    for opset in (9, 17):
        export(folder, f'denoiser_{opset}', Denoiser(),
               (torch.rand(1, 3, 10, 14), torch.rand(1, 1, 5, 7)), opset,
               {'in0': open_size, 'in1': open_size})
    for opset in (11, 17):
        export(folder, f'u_net_{opset}', UNet(), (torch.rand(2, 3, 12, 8),),
               opset)
    for opset in (12, 17):
        export(folder, f'vae_{opset}', Vae(),
               (torch.rand(3, 1, 4, 4), torch.randn(3, 4)), opset,
               {'in0': {0: 'n'}, 'in1': {0: 'n'}})


if __name__ == '__main__':
    main()
