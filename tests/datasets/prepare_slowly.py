"""Run by test_prepare.py in a process of its own, which it kills: python ... SOURCE FOLDER."""

import sys
import time

from minialexnet.datasets import decode_all, prepare
from minialexnet.datasets.prepare import __name__ as name

module = sys.modules[name]
module.SYNC_SECONDS = 0.01
module.SHARD_BYTES = 20 * 8 * 8 * 3
decode = decode_all.decode_picture


def slowly(content, size, fit):
    time.sleep(0.002)
    return decode(content, size, fit)


decode_all.decode_picture = slowly
prepare(sys.argv[1], sys.argv[2], size=8, progress=lambda done, *_, **__: print(done, flush=True))
