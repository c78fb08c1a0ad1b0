#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bundled models and what is said of them agree.

usage: models.py AETOOL MODELS_FOLDER
  - README.md holds the recipe keys as `aetool train --keys` prints them
  - every recipe of a denoiser has a model that was made by it, below 4 MB; a
    codec's model, where it says its recipe, was made by that
  - README.md names every recipe
"""
import json
import os
import re
import subprocess
import sys

LIMIT = 4_000_000
HOW = {('training', 'threads'), ('training', 'validation'),
       ('anomaly', 'any_camera')}
failures = 0
passed = 0


def check(condition, text):
    global failures, passed
    passed += bool(condition)
    failures += not condition
    if not condition:
        print('FAILED:', text)


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                          text=True).stdout


def settings(text):
    """(section, key, value) of a recipe's text."""
    section, found = '', set()
    for line in text.splitlines():
        line = line.strip()
        head = re.fullmatch(r'\[(.*)\]', line)
        if head:
            section = head.group(1)
        elif '=' in line and not line.startswith(('#', ';')):
            key, value = (part.strip() for part in line.split('=', 1))
            found.add((section, key, value))
    return found


def main():
    aetool, folder = sys.argv[1:]
    with open(os.path.join(folder, 'README.md'), encoding='utf-8') as file:
        readme = file.read()
    check(run(aetool, 'train', '--keys').strip() in readme,
          'models/README.md: the tables of recipe keys are not what '
          '`aetool train --keys` prints')
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.ini'):
            continue
        model = os.path.join(folder, name[:-4] + '.onnx')
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            wanted = settings(file.read())
        codec = ('model', 'task', 'codec') in wanted
        # each camera has a model of its own, and each set of pictures
        own = {('model', 'task', 'anomaly'),
               ('model', 'task', 'autoencoder'),
               ('model', 'task', 'classifier'),
               ('model', 'task', 'gan'),
               ('model', 'task', 'rbm')} & wanted
        check(f'`{name[:-4]}' in readme,
              f'models/README.md does not name {name[:-4]}')
        check(own or os.path.exists(model), f'{name} has no model {model}')
        if not os.path.exists(model):
            continue
        check(os.path.getsize(model) < LIMIT, f'{model}: 4 MB or more')
        info = json.loads(run(aetool, 'info', '--json', model))
        text = json.dumps(info)
        made_by = re.search(r'"ae\.recipe": ("(?:[^"\\]|\\.)*")', text)
        if codec and not made_by:
            continue
        check(made_by, f'{model} does not say its recipe')
        got = settings(json.loads(made_by.group(1))) if made_by else set()
        # how, not what
        got = {s for s in got if s[:2] not in HOW}
        wanted = {s for s in wanted if s[:2] not in HOW}
        check(wanted == got, f'{model} was made by another recipe: '
              f'{sorted(wanted ^ got)}')
    print(f'{passed} passed, {failures} failed')
    return failures > 0


sys.exit(main())
