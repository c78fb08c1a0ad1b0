#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each bundled recipe that learns from small pictures is one command.

usage: recipes.py AETOOL MODELS_FOLDER

Trains every recipe of task autoencoder, classifier, gan and rbm for a few steps
with `aetool train RECIPE PICTURES`, on labelled pictures that are made here, and
looks at what comes out. The last line is `N passed, N failed, N skipped`.
"""
import configparser
import gzip
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

TASKS = ('autoencoder', 'classifier', 'gan', 'rbm')
STEPS, N_PICTURES, N_CLASSES = 3, 200, 10


def picture(label, number, width, height):
    """A spot whose place says the label, and that is never twice the same."""
    angle = 2 * math.pi * label / N_CLASSES
    x0 = width * (0.5 + 0.3 * math.cos(angle)) + number % 5 - 2
    y0 = height * (0.5 + 0.3 * math.sin(angle)) + number // 5 % 5 - 2
    reach = (width + height) / 12 + number % 3
    return bytes(
        max(0, int(255 - 255 * math.hypot(x - x0, y - y0) / reach))
        for y in range(height) for x in range(width))


def write_pictures(folder, width, height):
    """In MNIST's format; the file of the pictures."""
    labels = [i % N_CLASSES for i in range(N_PICTURES)]
    path = folder / f'{width}x{height}-images-idx3-ubyte.gz'
    if not path.exists():
        path.write_bytes(gzip.compress(
            struct.pack('>IIII', 0x803, N_PICTURES, height, width)
            + b''.join(picture(label, i, width, height)
                       for i, label in enumerate(labels)), 1))
        Path(str(path).replace('images-idx3', 'labels-idx1')).write_bytes(
            gzip.compress(struct.pack('>II', 0x801, N_PICTURES)
                          + bytes(labels)))
    return path


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, timeout=600,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)


def try_recipe(aetool, recipe, task, folder):
    settings = configparser.ConfigParser()
    settings.read(recipe, encoding='utf-8')
    width, height = map(int, settings[task].get('size', '28x28').split('x'))
    pictures = write_pictures(folder, width, height)
    crops = int(settings[task].get('crops', '0')) > 0
    parts = N_PICTURES * (2 if crops else 1)
    more = ('-s', 'autoencoder.crops=2') if crops else ()
    model = folder / 'model.onnx'
    done = run(aetool, 'train', recipe, pictures, '--steps', STEPS,
               '--threads', 1, '-o', model, *more)
    assert f'{parts} frames of 1 inputs.' in done.stderr, done.stderr
    assert f'model.onnx: {STEPS} steps' in done.stdout, done.stdout
    told = json.loads(run(aetool, 'info', '--json', model).stdout)['metadata']
    assert told['ae.task'] == task, told
    assert told['ae.name'] == settings['model']['name'] == recipe.stem, told
    assert told['ae.train.steps'] == str(STEPS), told
    assert told['ae.train.pictures'] == str(parts), told


def main():
    aetool, models = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
    passed = failed = 0
    for recipe in sorted(models.glob('*.ini')):
        settings = configparser.ConfigParser()
        settings.read(recipe, encoding='utf-8')
        task = settings['model'].get('task', 'denoise')
        if task not in TASKS:
            continue
        with tempfile.TemporaryDirectory(prefix='recipes-') as folder:
            try:
                try_recipe(aetool, recipe, task, Path(folder))
                passed += 1
            except (AssertionError, KeyError, ValueError,
                    subprocess.SubprocessError) as error:
                failed += 1
                print(f'FAILED: {recipe.name}: {error}\n'
                      f'{getattr(error, "stderr", "")}')
    if passed + failed < len(TASKS):
        print(f'{passed + failed} recipes found, wanted more')
        failed += 1
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
