"""The store of finished runs: one folder a run, which can be opened, compared, replayed, shared and reproduced.

    <run_id>/run.json         settings, versions, facts, sizes and hashes of the other files
    <run_id>/metrics.parquet  one row a recorded step: step, epoch, seconds and the named metrics
    <run_id>/views.npz        the arrays of the pictures, under the key "step/name"
    <run_id>/weights.npz      the final weights, under the keys "000", "001", ... in the order of the model

A run becomes visible by one rename, so a reader never sees half a run. Nothing is ever unpickled. pyarrow is imported
where a parquet file is touched, because the process that starts the runs only needs the index.
"""

import dataclasses
import errno
import hashlib
import io
import json
import logging
import math
import os
import re
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

SCHEMA = 1  # of run.json; a store skips runs of another schema
RUN_ID = re.compile(r"[a-z0-9_]+-[0-9a-z-]+")  # no dot and no slash: an id never leaves its folder
LONGEST_ID = 120
ABANDONED_AFTER = 3600.0  # seconds until an unfinished folder counts as left over by a killed process
INDEX, METRICS, VIEWS, WEIGHTS = "run.json", "metrics.parquet", "views.npz", "weights.npz"

INDEX_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("config", "versions", "facts", "last"), dict),
    **dict.fromkeys(("run_id", "family", "digest", "status", "message", "created", "device"), str),
    "events": list,
    "seconds": (int, float),
}

Array = NDArray[Any]
Status = Literal["finished", "stopped", "failed"]
Metrics = dict[str, Any]
logger = logging.getLogger(__name__)


class UnknownRun(LookupError):
    """There is no run of this id; the text says so in a sentence."""


class CorruptRun(Exception):
    """A stored run cannot be read; the text says what is wrong in a sentence."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What the index of a stored run tells without opening its arrays.

    created: ISO 8601, UTC; seconds: of training; facts: JSON values about the network and its data; events: what a
    person changed while it ran, {"step", "change"}; last: the last row of the metrics, None where a value is not
    finite; bytes: of all its files; example: shipped with the repository, cannot be deleted.
    """

    run_id: str
    family: str
    config: dict[str, Any]
    digest: str
    status: Status
    message: str
    created: str
    seconds: float
    device: str
    versions: dict[str, str]
    events: list[dict[str, Any]]
    facts: dict[str, Any]
    last: dict[str, float | None]
    bytes: int
    example: bool = False


@dataclass(frozen=True, eq=False)
class Record:
    """A whole run. config, events and facts are JSON values; numbers in them that are not finite are stored as None.

    digest: `Config.digest()`; message: a plain sentence or ""; created: ISO 8601, UTC; seconds: of training.
    metrics: one dict a recorded step, with "step", "epoch", "seconds" and named numbers (NaN is kept).
    views: (step, arrays by name); of a step given twice the last is kept.
    weights: the final weights in the order of the model.
    """

    run_id: str
    family: str
    config: dict[str, Any]
    digest: str
    status: Status = "finished"
    message: str = ""
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    seconds: float = 0.0
    device: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    metrics: list[Metrics] = field(default_factory=list)
    views: list[tuple[int, dict[str, Array]]] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    example: bool = False


def new_run_id(family: str) -> str:
    """Return an id that no other process makes: the family, the time (UTC) and a random end."""
    return f"{family}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


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
        if not _is_run_id(record.run_id):
            raise ValueError(f'"{record.run_id}" cannot name a run.')
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".new-{secrets.token_hex(8)}"
        written = temporary / record.run_id
        written.mkdir(parents=True)
        try:
            _write(record, written)
            _read_index(written, example=False)  # what could not be read again is refused, not stored
            self._publish(written, self.folder / record.run_id)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._clean_leftovers()
        self.prune(keep=record.run_id)

    def open(self, run_id: str) -> Record:
        """Return a run with all its arrays. Raises UnknownRun, and CorruptRun where a file is damaged."""
        path, summary = self._found(run_id)
        try:
            return _read(path, summary)
        except Exception as error:  # zipfile, numpy and pyarrow each have errors of their own for damaged bytes
            if not path.is_dir():
                raise UnknownRun(f'There is no run "{run_id}" any more.') from error
            raise CorruptRun(f'The stored run "{run_id}" is damaged: {error}') from error

    def list(self, family: str | None = None) -> "Summaries":
        """Return all readable runs, newest first; an example is hidden by a run of the same id."""
        found: dict[str, Summary] = {}
        paths = [path for root in self._roots() for path in _run_folders(root)]
        for path in paths:
            summary = self._summary(path)
            if summary is not None and family in (None, summary.family):
                found.setdefault(summary.run_id, summary)
        with self._lock:
            for path in self._index.keys() - set(paths):  # deleted, perhaps by another process
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
            archive.writestr(f"{run_id}/README.txt", _readme(record))
            for name in (INDEX, METRICS, VIEWS, WEIGHTS):
                archive.writestr(f"{run_id}/{name}", (path / name).read_bytes())
        return buffer.getvalue()

    def prune(self, keep: str = "") -> "RunIds":
        """Drop the oldest runs beyond the limits, damaged ones before all others, never `keep`; return their ids."""
        runs = []
        for path in _run_folders(self.folder):
            summary = self._summary(path)
            runs.append((path.name == keep, summary.created if summary else "", path, _size(path)))
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
            summary = _read_index(path, example=path.parent == self.examples)
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
                _sync_folder(self.folder)
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


def _size(path: Path) -> int:
    total = 0
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            with suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total


def _write(record: Record, folder: Path) -> None:
    """Write the four files of a run; the index comes last and holds the others' sizes and hashes."""
    views = dict(record.views)
    content = {
        METRICS: _metrics_to_parquet(record.metrics),
        VIEWS: _arrays_to_npz({f"{step}/{name}": array for step in views for name, array in views[step].items()}),
        WEIGHTS: _arrays_to_npz({f"{place:03}": array for place, array in enumerate(record.weights)}),
    }
    index: dict[str, Any] = {name: getattr(record, name) for name in INDEX_TYPES if name != "last"}
    index |= {"schema": SCHEMA, "view_steps": list(views), "last": record.metrics[-1] if record.metrics else {}}
    index["files"] = {name: _fingerprint(data) for name, data in content.items()}
    text = json.dumps(json_values(index), indent=1, allow_nan=False, ensure_ascii=False)
    for name, data in content.items():
        _write_synced(folder / name, data)
    _write_synced(folder / INDEX, text.encode(errors="replace"))
    _sync_folder(folder)


def _read_index(path: Path, *, example: bool) -> Summary:
    """Return a run's summary. Raises OSError, ValueError, KeyError or TypeError where anything is out of order."""
    index = _load_index(path)
    for name, fingerprint in index["files"].items():
        if (path / name).stat().st_size != fingerprint["bytes"]:
            raise ValueError(f"{name} does not have the size it was written with")
    for name, types in INDEX_TYPES.items():
        if not isinstance(index[name], types):
            raise ValueError(f'"{name}" is not of the type it should be')
    if not all(isinstance(event, dict) for event in index["events"]):
        raise ValueError('"events" is not a list of objects')
    if index["status"] not in get_args(Status):
        raise ValueError(f'the status "{index["status"]}" does not exist')
    return Summary(**{name: index[name] for name in INDEX_TYPES}, bytes=_size(path), example=example)


def _load_index(path: Path) -> dict[str, Any]:
    index = json.loads((path / INDEX).read_bytes())
    if index["schema"] != SCHEMA:
        raise ValueError(f"it has schema {index['schema']}, this app reads {SCHEMA}")
    if index["run_id"] != path.name or set(index["files"]) != {METRICS, VIEWS, WEIGHTS}:
        raise ValueError("its index belongs to another run or lacks a file")
    return index


def _read(path: Path, summary: Summary) -> Record:
    index = _load_index(path)
    content = {name: (path / name).read_bytes() for name in (METRICS, VIEWS, WEIGHTS)}
    for name, data in content.items():
        if _fingerprint(data) != index["files"][name]:
            raise ValueError(f"{name} is not what was written")
    views: dict[int, dict[str, Array]] = {step: {} for step in index["view_steps"]}
    for key, array in _npz_to_arrays(content[VIEWS]).items():
        step, _, name = key.partition("/")
        views[int(step)][name] = array
    weights = _npz_to_arrays(content[WEIGHTS])
    return Record(
        **{name: getattr(summary, name) for name in (*INDEX_TYPES, "example") if name != "last"},
        metrics=_parquet_to_metrics(content[METRICS]),
        views=list(views.items()),
        weights=[weights[key] for key in sorted(weights)],
    )


def _fingerprint(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _write_synced(path: Path, data: bytes) -> None:
    """Write and wait for the disk, so that the rename cannot overtake the content in a power cut."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every system lets a folder be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _metrics_to_parquet(metrics: Sequence[Metrics]) -> bytes:
    """A metric that a row lacks is null, NaN is NaN; steps are int64, all else float64."""
    import pyarrow
    import pyarrow.parquet

    names = list(dict.fromkeys(name for row in metrics for name in row))
    kinds = {name: pyarrow.int64() if name == "step" else pyarrow.float64() for name in names}
    convert = {name: int if name == "step" else float for name in names}
    columns = [
        pyarrow.array([convert[name](row[name]) if row.get(name) is not None else None for row in metrics], kinds[name])
        for name in names
    ]
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns, names=names), buffer)
    return buffer.getvalue()


def _parquet_to_metrics(data: bytes) -> list[Metrics]:
    import pyarrow.parquet

    # One thread: the table is small, and starting threads for it would cost more than reading it.
    rows = pyarrow.parquet.read_table(io.BytesIO(data), use_threads=False).to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _arrays_to_npz(arrays: Mapping[str, Array]) -> bytes:
    """`numpy.savez_compressed` with the fastest compression: nearly as small, several times as fast."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for key, array in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def _npz_to_arrays(data: bytes) -> dict[str, Array]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def json_values(value: Any) -> Any:
    """Return `value` as JSON: dataclasses and mappings as dict, arrays and tuples as list, NaN and infinity as None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: json_values(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return json_values(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [json_values(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


README = """\
Run {run_id}
{rule}

A {family} network, {status} on {created} (UTC) after {seconds:.3g} seconds of training on {device}.
{message}
run.json         The settings ("config"), the versions of Python and the libraries, facts about the network and its
                 data, and the size and SHA-256 of each other file.
metrics.parquet  One row for each recorded step: step, epoch, seconds, and the metrics.
                 Read it with pandas.read_parquet("metrics.parquet").
views.npz        The arrays behind the pictures, under the key "step/name".
                 Read it with numpy.load("views.npz", allow_pickle=False).
weights.npz      The final weights, under "000", "001", ... in the order of keras.Model.get_weights(): numpy.load too.

To reproduce it, start Python in a checkout of Road to Transformers with the versions below, beside this folder:

    import json
    from models.base import family
    from models.configs import CONFIGS

    run = json.load(open("{run_id}/run.json", encoding="utf-8"))
    config = CONFIGS[run["family"]](**run["config"])
    network = family(run["family"])
    data = network.load(config)
    model = network.build(config, data)
    for snapshot in network.train(config, data, model):
        print(snapshot.step, snapshot.metrics)
{events}
Versions
{versions}
"""


def _readme(record: Record) -> str:
    changes = "".join(f"    step {event.get('step')}: {event.get('change')}\n" for event in record.events)
    return README.format(
        run_id=record.run_id,
        rule="=" * (4 + len(record.run_id)),
        family=record.family,
        status=record.status,
        created=record.created,
        seconds=record.seconds,
        device=record.device or "an unknown device",
        message=f"{record.message}\n" if record.message else "",
        events=f"\nChanges made while it ran; without them it goes another way:\n{changes}" if changes else "",
        versions="\n".join(f"    {name} {version}" for name, version in record.versions.items()) or "    not recorded",
    )
