#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each bundled recipe that learns from small pictures is one command.

usage: recipes.py AETOOL MODELS_FOLDER

Trains every recipe of task autoencoder, classifier, gan and rbm for a few steps
with the command that stands at its head, on pictures that are made here: the first
file has labels, more have none, and a model to start from is made in the same way.
Looks at what comes out. The last line is `N passed, N failed, N skipped`.
"""
import configparser
import gzip
import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

TASKS = ('autoencoder', 'classifier', 'gan', 'rbm')
STEPS, N_PICTURES, N_CLASSES = 3, 1200, 10
DIFFERENT = 150  # of the pictures


def picture(label, number, width, height):
    """A spot whose place says the label."""
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
        data = gzip.compress(
            struct.pack('>IIII', 0x803, N_PICTURES, height, width)
            + b''.join(picture(label, i, width, height) for i, label
                       in enumerate(labels[:DIFFERENT]))
            * (N_PICTURES // DIFFERENT), 1)
        path.write_bytes(data)
        (folder / f'more-{path.name}').write_bytes(data)
        Path(str(path).replace('images-idx3', 'labels-idx1')).write_bytes(
            gzip.compress(struct.pack('>II', 0x801, N_PICTURES)
                          + bytes(labels)))
    return path


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, timeout=600,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)


def settings_of(recipe):
    settings = configparser.ConfigParser()
    settings.read(recipe, encoding='utf-8')
    return settings, settings['model'].get('task', 'denoise')


def arguments_of(recipe):
    """Of the command at the head: what comes after the recipe's name."""
    text = recipe.read_text(encoding='utf-8')
    found = re.search(rf'^# +aetool train {recipe.stem} (.+)$', text, re.M)
    assert found, f'no "# aetool train {recipe.stem} ..." at its head'
    return found[1].split()


def train(aetool, recipe, folder):
    """The model, and what training said."""
    settings, task = settings_of(recipe)
    width, height = map(int, settings[task].get('size', '28x28').split('x'))
    pictures = write_pictures(folder, width, height)
    command, given = [], arguments_of(recipe)
    while given:
        word = given.pop(0)
        if word == '--base':
            base = recipe.with_name(given.pop(0)).with_suffix('.ini')
            command += [word, train(aetool, base, folder)[0]]
        elif word.startswith('-'):
            command += [word, given.pop(0)]
        else:
            command.append(pictures)
            pictures = pictures.with_name(f'more-{pictures.name}'.replace(
                'more-more-', 'more-'))
    model = folder / f'{recipe.stem}.onnx'
    return model, run(aetool, 'train', recipe, *command, '--steps', STEPS,
                      '--threads', 1, '-o', model)


def try_recipe(aetool, recipe, folder):
    settings, task = settings_of(recipe)
    model, done = train(aetool, recipe, folder)
    assert re.search(r'^\d+ frames of \d inputs\.', done.stderr, re.M), \
        done.stderr
    assert f'{model.name}: {STEPS} steps' in done.stdout, done.stdout
    told = json.loads(run(aetool, 'info', '--json', model).stdout)['metadata']
    assert told['ae.task'] == task, told
    assert told['ae.name'] == settings['model']['name'] == recipe.stem, told
    assert told['ae.train.steps'] == str(STEPS), told
    assert int(told['ae.train.pictures']) >= N_PICTURES, told


def main():
    aetool, models = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix='recipes-') as folder:
        for recipe in sorted(models.glob('*.ini')):
            if settings_of(recipe)[1] not in TASKS:
                continue
            try:
                try_recipe(aetool, recipe, Path(folder))
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
