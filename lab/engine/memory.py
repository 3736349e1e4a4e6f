"""Give memory back to the system: what was freed, and pages of program files that are not in use any more."""

import contextlib
import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path

DONT_NEED = 4  # MADV_DONTNEED of <sys/mman.h> on Linux
_HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) r-.p [0-9a-f]+ \S+ [1-9]\d*\s")


def give_back_memory() -> None:
    """Return what compiling has freed: about 60 MB a run that glibc would keep for later."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def give_back_file_pages() -> int:
    """Unmap the clean pages of program files from this process; return their bytes.

    TensorFlow's import reads through 200 MB of its own file, which stay counted as this process's memory although
    hardly any of it is looked at again. What is needed later comes back by itself from the system's page cache, a few
    milliseconds for a whole training. Only mappings are touched that are read-only and hold no page of our own: for
    these the call loses nothing (madvise(2), MADV_DONTNEED on a file mapping).
    """
    if sys.platform != "linux":
        return 0
    given = 0
    with contextlib.suppress(OSError, AttributeError):
        advise = ctypes.CDLL("libc.so.6", use_errno=True).madvise
        advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start, end, resident in clean_file_mappings(Path("/proc/self/smaps").read_text(encoding="utf-8")):
            if advise(start, end - start, DONT_NEED) == 0:
                given += resident
    return given


def clean_file_mappings(smaps: str) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and resident bytes of every read-only file mapping without a page of the process's own.

    smaps: the text of /proc/<pid>/smaps (proc(5)).
    """
    span: tuple[int, int] | None = None
    resident = 0
    for line in smaps.splitlines():
        if not line[:1].isupper():
            found = _HEAD.match(line)
            span = (int(found[1], 16), int(found[2], 16)) if found else None
        elif line.startswith("Rss:"):
            resident = 1024 * int(line.split()[1])
        elif line.startswith("Anonymous:") and span and resident and line.split()[1] == "0":
            yield *span, resident
