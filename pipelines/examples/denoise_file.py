#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Denoises a video file into another one and says how noisy it was.

usage: denoise_file.py IN OUT.mkv
Needs the Debian packages python3-gi and gir1.2-gstreamer-1.0.
"""
import pathlib
import sys

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    Gst.init(None)
    pipeline = Gst.parse_launch(
        'uridecodebin name=in ! videoconvert ! denoise name=denoise '
        '! avenc_ffv1 ! matroskamux ! filesink name=out')
    pipeline.get_by_name('in').set_property(
        'uri', pathlib.Path(sys.argv[1]).resolve().as_uri())
    pipeline.get_by_name('out').set_property('location', sys.argv[2])
    loop = GLib.MainLoop()
    failed = []

    def on_message(_bus, message):
        if message.type == Gst.MessageType.ERROR:
            failed.append(message.parse_error()[0].message)
            loop.quit()
        elif message.type == Gst.MessageType.EOS:
            loop.quit()

    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect('message', on_message)
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    stats = pipeline.get_by_name('denoise').get_property('stats')
    pipeline.set_state(Gst.State.NULL)
    if failed:
        sys.exit(f'{sys.argv[1]}: {failed[0]}')
    print(f'{stats.get_value("processed")} frames, '
          f'{stats.get_value("avg-us") / 1000:.1f} ms each, '
          f'noise of {stats.get_value("noise-level"):.1f} grey levels')


if __name__ == '__main__':
    main()
