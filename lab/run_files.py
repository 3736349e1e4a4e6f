"""The files of one stored run.

    <run_id>/run.json         settings, versions, facts, sizes and hashes of the other files
    <run_id>/metrics.parquet  one row a recorded step: step, epoch, seconds and the named metrics
    <run_id>/views.npz        the arrays of the pictures, under the key "step/name"
    <run_id>/weights.npz      the final weights, under the keys "000", "001", ... in the order of the model

Nothing is ever unpickled. pyarrow is imported where a parquet file is touched, because the process that starts the runs
only needs the index.
"""

import dataclasses
import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

SCHEMA = 1  # of run.json; a store skips runs of another schema
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


def write_run(record: Record, folder: Path) -> None:
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
    sync_folder(folder)


def read_index(path: Path, *, example: bool) -> Summary:
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
    return Summary(**{name: index[name] for name in INDEX_TYPES}, bytes=folder_bytes(path), example=example)


def _load_index(path: Path) -> dict[str, Any]:
    index = json.loads((path / INDEX).read_bytes())
    if index["schema"] != SCHEMA:
        raise ValueError(f"it has schema {index['schema']}, this app reads {SCHEMA}")
    if index["run_id"] != path.name or set(index["files"]) != {METRICS, VIEWS, WEIGHTS}:
        raise ValueError("its index belongs to another run or lacks a file")
    return index


def read_run(path: Path, summary: Summary) -> Record:
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
        # From the index whose fingerprints fit, not from the summary: the run may have been replaced meanwhile.
        **{name: index[name] for name in INDEX_TYPES if name != "last"},
        example=summary.example,
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


def sync_folder(folder: Path) -> None:
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


def readme(record: Record) -> str:
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


def folder_bytes(path: Path) -> int:
    total = 0
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            with suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total
