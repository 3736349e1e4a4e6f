"""Memory given back: to the system by a process of the engine, and out of the sight of the collector by the app."""

import subprocess
import sys

import pytest

from lab.engine.memory import clean_file_mappings

pytestmark = pytest.mark.alone

SMAPS = """\
55c7b3fd1000-55c7b3fd4000 r--p 00000000 fe:00 260850                     /usr/lib/libnumbers.so
Size:                 12 kB
Rss:                   8 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
55c7b3fd4000-55c7b3fe8000 r-xp 00003000 fe:00 260850                     /usr/lib/libnumbers.so
Rss:                  76 kB
Anonymous:             0 kB
55c7b3fe8000-55c7b3fe9000 r--p 00017000 fe:00 260850                     /usr/lib/libnumbers.so
Rss:                   4 kB
Anonymous:             4 kB
55c7b3fe9000-55c7b3fea000 rw-p 00018000 fe:00 260850                     /usr/lib/libnumbers.so
Rss:                   4 kB
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 00:00 0                          [vvar]
Rss:                   4 kB
Anonymous:             0 kB
7f0000002000-7f0000004000 r--s 00000000 fe:00 99                         /shared
Rss:                   8 kB
Anonymous:             0 kB
7f0000004000-7f0000005000 r--p 00000000 fe:00 260851                     /usr/lib/untouched.so
Rss:                   0 kB
Anonymous:             0 kB
"""


def test_only_clean_private_pages_of_files_are_named() -> None:
    """Relocated, writable, shared and nameless mappings hold what no file could bring back."""
    assert list(clean_file_mappings(SMAPS)) == [
        (0x55C7B3FD1000, 0x55C7B3FD4000, 8 * 1024),
        (0x55C7B3FD4000, 0x55C7B3FE8000, 76 * 1024),
    ]


GIVES = """
import sys
import numpy, scipy.linalg, scipy.special, psutil
from lab.engine.memory import give_back_file_pages
process = psutil.Process()
matrix = numpy.random.default_rng(0).normal(size=(60, 60))
before, rows = process.memory_info().rss, scipy.linalg.inv(matrix)
given = give_back_file_pages()
after = process.memory_info().rss
assert given > 10e6, given
assert before - after > 0.7 * given, (before, after, given)
assert numpy.array_equal(scipy.linalg.inv(matrix), rows)
assert abs(scipy.special.gamma(5.0) - 24) < 1e-12
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process give back pages of files")
def test_pages_go_and_come_back_with_the_same_results() -> None:
    done = subprocess.run([sys.executable, "-c", GIVES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


FREEZES = """
import gc, time
import pandas
from lab.collection import spare_loaded_code

class Loop:
    gone = 0
    def __init__(self): self.me = self
    def __del__(self): Loop.gone += 1

Loop()
assert spare_loaded_code() and Loop.gone == 1  # garbage is collected, not kept
frozen = gc.get_freeze_count()
assert frozen > 30_000 and len(gc.get_objects()) < 1_000, frozen
assert not spare_loaded_code()
Loop(); gc.collect()
assert Loop.gone == 2  # what comes later is collected as ever
import altair
assert spare_loaded_code() and gc.get_freeze_count() > frozen + 5_000
"""


def test_loaded_code_is_spared_and_garbage_is_not() -> None:
    done = subprocess.run([sys.executable, "-c", FREEZES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
