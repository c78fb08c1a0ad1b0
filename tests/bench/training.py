#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training by recipes beside PyTorch.

    training.py TIME_RECIPE MODELS [--threads 1,2] [--rounds N] [--steps N]
                [RECIPE[,SECTION.KEY=VALUE...]]...

Steps of our engine (time_recipe) and of torch_recipes.py take turns, ROUNDS times
each; printed are the medians of the rounds' medians. Both in 32-bit floats.
Without torch (Debian's python3-torch; AE_PYTHON names another python3 that has
it) it is skipped.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
USUAL = ['vae-digits', 'digits', 'classifier-digits',
         'classifier-digits,training.optimiser=adam']
PYTHON = os.environ.get('AE_PYTHON', '/usr/bin/python3')
TWIN = Path(__file__).with_name('torch_recipes.py')


def median_of(threads, *command):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads),
                       OPENBLAS_NUM_THREADS=str(threads))
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment)
    if done.returncode == SKIPPED:
        print(json.loads(done.stdout)['error'])
        sys.exit(SKIPPED)
    done.check_returncode()
    return json.loads(done.stdout)['median_ms']


def compare(program, models, what, threads, rounds, steps):
    name, *more = what.split(',')
    arguments = [f'{models}/{name}.ini', str(threads), str(steps), *more]
    own, torch = [], []
    for _ in range(rounds):
        own.append(median_of(threads, program, *arguments,
                             'training.precision=f32'))
        torch.append(median_of(threads, PYTHON, str(TWIN), *arguments))
    return statistics.median(own), statistics.median(torch)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('models')
    parser.add_argument('recipes', nargs='*', default=USUAL)
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--steps', type=int, default=40)
    o = parser.parse_intermixed_args()
    print(f'Training, medians of {o.rounds} rounds of {o.steps} steps\n\n'
          '| recipe | threads | ms per step | torch, ms | times as fast |\n'
          '| --- | ---: | ---: | ---: | ---: |')
    for what in o.recipes:
        for threads in o.threads.split(','):
            own, torch = compare(o.program, o.models, what, threads, o.rounds,
                                 o.steps)
            print(f'| {what} | {threads} | {own:.2f} | {torch:.2f} '
                  f'| {torch / own:.2f} |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
