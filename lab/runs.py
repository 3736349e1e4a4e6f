"""The store of finished runs: one folder a run, which can be opened, compared, replayed, shared and reproduced.

A run becomes visible by one rename, so a reader never sees half a run. `lab.run_files` knows what is in a folder.
"""

import errno
import io
import logging
import os
import re
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lab.run_files import (
    INDEX,
    METRICS,
    VIEWS,
    WEIGHTS,
    CorruptRun,
    Record,
    Summary,
    UnknownRun,
    folder_bytes,
    read_index,
    read_run,
    readme,
    sync_folder,
    write_run,
)

RUN_ID = re.compile(r"[a-z0-9_]+-[0-9a-z-]+")  # no dot and no slash: an id never leaves its folder
LONGEST_ID = 120
ABANDONED_AFTER = 3600.0  # seconds until an unfinished folder counts as left over by a killed process
logger = logging.getLogger(__name__)


class RunStore:
    """The runs in `folder` (read and written) and in `examples` (read only), shared by any number of processes.

    At most `max_runs` runs and `max_bytes` bytes are kept in `folder`; the oldest go first.
    """

    def __init__(
        self, folder: Path, *, examples: Path | None = None, max_runs: int = 200, max_bytes: int = 500_000_000
    ) -> None:
        self.folder = Path(folder)
        self.examples = Path(examples) if examples is not None else None
        self.max_runs = max_runs
        self.max_bytes = max_bytes
        self._index: dict[Path, tuple[object, Summary | None]] = {}
        self._lock = threading.Lock()

    def save(self, record: Record) -> None:
        """Write a run so that it is there as a whole or not at all; a run of the same id is replaced.

        Then drops what exceeds the limits. Raises ValueError for an id or content that cannot be stored, OSError for a
        full disk.
        """
        if not _is_run_id(record.run_id) or not _may_be_of(record.family, record.run_id):
            raise ValueError(f'"{record.run_id}" cannot name a run of {record.family}.')
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".new-{secrets.token_hex(8)}"
        written = temporary / record.run_id
        written.mkdir(parents=True)
        try:
            write_run(record, written)
            read_index(written, example=False)  # what could not be read again is refused, not stored
            self._publish(written, self.folder / record.run_id)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._clean_leftovers()
        self.prune(keep=record.run_id)

    def open(self, run_id: str) -> Record:
        """Return a run with all its arrays. Raises UnknownRun, and CorruptRun where a file is damaged."""
        path, summary = self._found(run_id)
        try:
            return read_run(path, summary)
        except Exception as error:  # zipfile, numpy and pyarrow each have errors of their own for damaged bytes
            if not path.is_dir():
                raise UnknownRun(f'There is no run "{run_id}" any more.') from error
            raise CorruptRun(f'The stored run "{run_id}" is damaged: {error}') from error

    def list(self, family: str | None = None) -> "Summaries":
        """Return all readable runs, newest first; an example is hidden by a run of the same id."""
        found: dict[str, Summary] = {}
        everything = [path for root in self._roots() for path in _run_folders(root)]
        paths = [path for path in everything if _may_be_of(family, path.name)]
        for path in paths:
            summary = self._summary(path)
            if summary is not None and family in (None, summary.family):
                found.setdefault(summary.run_id, summary)
        with self._lock:
            for path in self._index.keys() - set(everything):  # deleted, perhaps by another process
                del self._index[path]
        return sorted(found.values(), key=lambda summary: (summary.created, summary.run_id), reverse=True)

    def find(self, family: str, digest: str) -> Summary | None:
        """Return the newest finished run of exactly these settings that nobody changed while it ran; own runs first.

        An example that is shipped to show a failure counts as finished.
        """
        fitting = [
            run
            for run in self.list(family)
            if run.digest == digest and not run.events and (run.status == "finished" or run.example)
        ]
        return next((run for run in fitting if not run.example), fitting[0] if fitting else None)

    def delete(self, run_id: str) -> bool:
        """Remove a run; False where there is none of this id, or only an example, which stays."""
        return _is_run_id(run_id) and self._remove(self.folder / run_id)

    def zip(self, run_id: str) -> bytes:
        """Return the run's folder as a ZIP file, with a README.txt that explains each file and how to reproduce it.

        Raises UnknownRun, and CorruptRun where a file is damaged.
        """
        record, (path, _) = self.open(run_id), self._found(run_id)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:  # the files are compressed in themselves
            archive.writestr(f"{run_id}/README.txt", readme(record))
            for name in (INDEX, METRICS, VIEWS, WEIGHTS):
                archive.writestr(f"{run_id}/{name}", (path / name).read_bytes())
        return buffer.getvalue()

    def prune(self, keep: str = "") -> "RunIds":
        """Drop the oldest runs beyond the limits, damaged ones before all others, never `keep`; return their ids."""
        runs = []
        for path in _run_folders(self.folder):
            summary = self._summary(path)
            runs.append((path.name == keep, summary.created if summary else "", path, folder_bytes(path)))
        runs.sort()
        total, count, dropped = sum(size for *_, size in runs), len(runs), []
        for kept, _, path, size in runs:
            if kept or (count <= self.max_runs and total <= self.max_bytes):
                break
            if self._remove(path):
                dropped.append(path.name)
            count, total = count - 1, total - size
        return dropped

    def _roots(self) -> "Paths":
        return [self.folder] + ([self.examples] if self.examples is not None else [])

    def _found(self, run_id: str) -> tuple[Path, Summary]:
        """Return where a run is stored and its summary; a damaged run of one's own does not hide an example."""
        damaged = False
        for root in self._roots() if _is_run_id(run_id) else []:
            path = root / run_id
            if path.is_dir():
                summary = self._summary(path)
                if summary is not None:
                    return path, summary
                damaged = True
        if damaged:
            raise CorruptRun(f'The stored run "{run_id}" is damaged or of another version of this app.')
        raise UnknownRun(f'There is no run "{str(run_id)[:LONGEST_ID]}".')

    def _summary(self, path: Path) -> Summary | None:
        """Return the index of one run, read again only when a file's size or time changes; None if it is damaged."""
        try:
            stamp: object = [_stamp(path / name) for name in (INDEX, METRICS, VIEWS, WEIGHTS)]
        except OSError as error:
            stamp = repr(error)
        with self._lock:
            known = self._index.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            summary = read_index(path, example=path.parent == self.examples)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            summary = None
            if path.is_dir():  # else another process has just deleted it: nothing is wrong
                logger.warning("The stored run %s is skipped: %s", path, error)
        with self._lock:
            self._index[path] = (stamp, summary)
        return summary

    def _publish(self, written: Path, path: Path) -> None:
        """Rename a complete folder to its place; another writer of the same id may come in between, hence the loop."""
        for _ in range(100):
            try:
                written.rename(path)
                sync_folder(self.folder)
                return
            except OSError as error:
                if not self._remove(path) and error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
        raise OSError(f"Other processes keep writing the run {path.name}.")

    def _remove(self, path: Path) -> bool:
        """Hide a run by one rename, then delete it, so that a kill in between leaves no half of it visible."""
        hidden = self.folder / f".old-{secrets.token_hex(8)}"
        try:
            path.rename(hidden)
        except OSError:
            return False
        shutil.rmtree(hidden, ignore_errors=True)
        with self._lock:
            self._index.pop(path, None)
        return True

    def _clean_leftovers(self) -> None:
        """Delete what killed processes left behind; young folders may belong to a writer at work."""
        for path in [*self.folder.glob(".new-*"), *self.folder.glob(".old-*")]:
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                    shutil.rmtree(path, ignore_errors=True)


Summaries = list[Summary]  # inside RunStore, `list` is its method
RunIds = list[str]
Paths = list[Path]


def _is_run_id(text: str) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST_ID and RUN_ID.fullmatch(text) is not None


def _may_be_of(family: str | None, run_id: str) -> bool:
    """Return whether an id begins with its family, as all do: other families' files need not be looked at."""
    return family is None or run_id.startswith(f"{family}-")


def _run_folders(root: Path) -> Iterator[Path]:
    """Yield the folders that are named like a run; links are left alone, since they may point anywhere."""
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if _is_run_id(entry.name) and entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    yield from (root / name for name in sorted(names))


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
