#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Includes go downward only.

usage: layering.py SOURCE_ROOT

Reads the #include lines of engine/, plugins/ and pipelines/ and checks them
against the table below. The last line is `N passed, N failed, N skipped`, one
check per file.
"""
import re
import sys
from pathlib import Path

# Which folders of engine/ a folder may include from, itself aside. A name
# with a dot is one file.
ENGINE = {
    'util': set(),
    'kernels': {'util'},
    'tensor': {'kernels', 'util'},
    'ops': {'kernels', 'tensor', 'util'},
    'graph': {'ops', 'tensor', 'util'},
    'runtime': {'graph', 'ops', 'kernels', 'tensor', 'util'},
    # The reader asks the operator table which versions exist.
    'onnx': {'graph', 'ops/attrs.h', 'ops/op.h', 'tensor', 'util'},
    'video': {'runtime', 'kernels', 'tensor', 'util'},
    # Frames of a fixed camera to scores.
    'detect': {'video', 'score', 'runtime', 'graph', 'kernels', 'tensor',
        'util'},
    # Muon multiplies small matrices.
    'train': {'detect', 'sample', 'score', 'coder', 'codec', 'video', 'runtime', 'graph',
        'ops', 'kernels/sgemm.h', 'tensor', 'util'},
    'codec': {'kernels', 'tensor', 'util'},
    # Frames to packets and back: networks around the codec, whose weights are
    # constants of their graph.
    'coder': {'codec', 'graph', 'kernels', 'video', 'runtime', 'tensor',
        'util'},
    # Distances to many points are products.
    'score': {'kernels/kernels.h', 'kernels/sgemm.h', 'tensor', 'util'},
    # Codes to pictures and back; what codes are distributed as.
    'sample': {'video', 'score', 'runtime', 'graph', 'tensor', 'util'},
    # Frames to scores of how unusual they are.
    'detect': {'video', 'runtime', 'graph', 'score', 'kernels', 'tensor',
        'util'},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding='utf-8'))


def check_engine(engine, path):
    """What is wrong with a file of engine/, as a list of texts."""
    where = path.relative_to(engine)
    own = where.parts[0]
    if own == 'include':
        return [f'<{name}>: public headers include <ae/...> and C only'
                for kind, name in includes(path)
                if kind == '"' or ('/' in name and not name.startswith('ae/'))]
    if own not in ENGINE:
        return [f'folder {own} is not in the table']
    wrong = []
    for kind, name in includes(path):
        if re.match(r'(glib|gst|gio|gobject)[./]', name):
            wrong.append(f'{name}: the engine knows no GLib and no GStreamer')
        folder = name.split('/')[0]
        if kind == '<' or '/' not in name or folder in ('ae', own):
            continue
        if folder not in ENGINE[own] and name not in ENGINE[own]:
            wrong.append(f'"{name}": {own} may include '
                         + (', '.join(sorted(ENGINE[own])) or 'nothing'))
    return wrong


def check_user(root, path):
    """Plugins and pipelines see the engine's public headers only."""
    wrong = []
    for kind, name in includes(path):
        inside = (root / 'engine' / name).exists()
        up = name.startswith('..') or name.startswith('engine/')
        if (kind == '"' and inside) or up:
            wrong.append(f'"{name}": only <ae/...> of the engine')
        if kind == '<' and name.startswith('ae/') and not (
                root / 'engine/include' / name).exists():
            wrong.append(f'<{name}>: no such public header')
    return wrong


def sources(folder):
    return sorted(p for p in folder.rglob('*') if p.suffix in ('.c', '.h'))


def main():
    root = Path(sys.argv[1])
    passed = failed = 0
    work = [(p, check_engine(root / 'engine', p))
            for p in sources(root / 'engine')]
    for folder in ('plugins', 'pipelines'):
        work += [(p, check_user(root, p)) for p in sources(root / folder)]
    for path, wrong in work:
        for text in wrong:
            print(f'{path.relative_to(root)}: {text}')
        passed, failed = passed + (not wrong), failed + bool(wrong)
    if passed < 50:
        print(f'only {passed} files found below {root}')
        failed += 1
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
