#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows the score of gandiscriminate while it runs, with a threshold to move.

usage: score_slider.py SOURCE [--model ONNX] [--text] [--no-display]

SOURCE is a file, a URI, a camera (/dev/video0) or `test'. In a window with a
slider (Debian package gir1.2-gtk-3.0), or in the terminal: + and - move the
threshold, q ends. Needs python3-gi and gir1.2-gstreamer-1.0.
"""
import argparse
import os
import pathlib
import sys
import termios
import tty

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

STEP = 0.05
BAR = 40  # characters


def quoted(text):
    escaped = str(text).replace('\\', '\\\\').replace('"', '\\"')
    return f'"{escaped}"'


def source(name):
    if name == 'test':
        return 'videotestsrc is-live=true pattern=ball'
    if name.startswith('/dev/'):
        return f'v4l2src device={quoted(name)} ! decodebin'
    uri = name if '://' in name else pathlib.Path(name).resolve().as_uri()
    return f'uridecodebin uri={quoted(uri)}'


def load_gtk():
    """The Gtk module; None: there is none, or no display."""
    try:
        gi.require_version('Gtk', '3.0')
        from gi.repository import Gtk
    except (ValueError, ImportError):
        print('no gir1.2-gtk-3.0 here: shown in the terminal',
              file=sys.stderr)
        return None
    if not Gtk.init_check(None)[0]:
        print('no display here: shown in the terminal', file=sys.stderr)
        return None
    return Gtk


class Window:
    def __init__(self, gtk, watch, end):
        window = gtk.Window(title='gandiscriminate')
        window.connect('destroy', lambda _: end())
        self.score = gtk.ProgressBar(show_text=True)
        slider = gtk.Scale.new_with_range(
            gtk.Orientation.HORIZONTAL, 0, 1, STEP)
        slider.set_value(watch.get_property('threshold'))
        slider.connect('value-changed', lambda s: watch.set_property(
            'threshold', s.get_value()))
        box = gtk.Box(orientation=gtk.Orientation.VERTICAL, spacing=12,
                      border_width=12)
        for widget in (gtk.Label(label='Score'), self.score,
                       gtk.Label(label='Threshold'), slider):
            box.pack_start(widget, False, False, 0)
        window.add(box)
        window.set_default_size(400, -1)
        window.show_all()

    def show(self, score, _threshold, anomaly):
        self.score.set_fraction(score)
        self.score.set_text(f'{score:.2f}{" unusual" if anomaly else ""}')

    def close(self):
        pass


class Terminal:
    """One line that is drawn anew; without a terminal, a line each."""

    def __init__(self, watch, end):
        self.watch, self.end, self.saved = watch, end, None
        if sys.stdin.isatty():
            self.saved = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
            GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT,
                              GLib.IOCondition.IN, self.on_key)

    def on_key(self, stdin, _condition):
        keys = os.read(stdin.fileno(), 64)
        if not keys or b'q' in keys:
            self.end()
            return False
        steps = keys.count(b'+') - keys.count(b'-')
        moved = self.watch.get_property('threshold') + steps * STEP
        self.watch.set_property('threshold', min(1, max(0, moved)))
        return True

    def show(self, score, threshold, anomaly):
        cells = ['#' if i < round(score * BAR) else '.' for i in range(BAR)]
        cells[min(BAR - 1, int(threshold * BAR))] = '|'
        print(f'[{"".join(cells)}] {score:.2f} / {threshold:.2f} '
              f'{"unusual" if anomaly else "       "}',
              end='\r' if sys.stdout.isatty() else '\n', flush=True)

    def close(self):
        if self.saved:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self.saved)
            print()


def run(pipeline, options):
    """To the end of the stream or the user's -> errors."""
    watch = pipeline.get_by_name('watch')
    loop = GLib.MainLoop()
    failed = []

    def on_message(_bus, message):
        structure = message.get_structure()
        if message.type == Gst.MessageType.ERROR:
            failed.append(message.parse_error()[0].message)
            loop.quit()
        elif message.type == Gst.MessageType.EOS:
            loop.quit()
        elif structure and structure.has_name('gandiscriminate'):
            view.show(*(structure.get_value(name) for name in (
                'score', 'threshold', 'anomaly')))

    gtk = None if options.text else load_gtk()
    view = (Window(gtk, watch, loop.quit) if gtk
            else Terminal(watch, loop.quit))
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect('message', on_message)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        loop.run()
    except KeyboardInterrupt:
        pass
    finally:
        view.close()
        pipeline.set_state(Gst.State.NULL)
    return failed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source')
    parser.add_argument('--model', metavar='ONNX')
    parser.add_argument('--text', action='store_true', help='no window')
    parser.add_argument('--no-display', action='store_true',
                        help='do not show the video')
    options = parser.parse_args()
    Gst.init(None)
    model = f'model-file={quoted(options.model)}' if options.model else ''
    sink = ('fakesink sync=true' if options.no_display
            else 'videoconvert ! autovideosink')
    try:
        pipeline = Gst.parse_launch(
            f'{source(options.source)} ! videoconvert ! gandiscriminate '
            f'name=watch post-messages=all {model} ! {sink}')
    except GLib.Error as error:
        sys.exit(f'score_slider: {error.message}')
    failed = run(pipeline, options)
    if failed:
        sys.exit(f'{options.source}: {failed[0]}')


if __name__ == '__main__':
    main()
