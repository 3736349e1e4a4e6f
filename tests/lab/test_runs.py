"""A run is stored exactly or not at all; damage, limits, rivals and hostile names never harm the other runs."""

import hashlib
import io
import json
import logging
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab import storage
from lab.engine.run_state import new_run_id
from lab.run_files import CorruptRun, Record, UnknownRun, read_run
from lab.runs import ABANDONED_AFTER, RunStore

ROOT = Path(__file__).resolve().parents[2]
FILES = ("run.json", "metrics.parquet", "views.npz", "weights.npz")


def a_record(run_id="mlp-1", *, created="2026-01-01T00:00:00.000+00:00", digest="abc", seed=0, **changes) -> Record:
    generator = np.random.default_rng(seed)
    views = [
        (step, {"surface": generator.normal(size=(5, 4)).astype("f4"), "hit": generator.random(3) < 0.5})
        for step in (0, 3, 12)
    ]
    settings: dict[str, Any] = {
        "config": {"seed": seed, "layers": 2, "extra_features": ["x1^2"], "name": "größe"},
        "message": "Ended after 12 steps.",
        "seconds": 1.25,
        "device": "CPU",
        "versions": {"keras": "3.15.1"},
        "facts": {"parameters": 67, "layers": [{"name": "hidden", "formula": "2 × 16 + 16"}]},
        "metrics": [
            {"step": 0, "epoch": 0.0, "seconds": 0.0, "train_loss": 0.7},
            {"step": 12, "epoch": 1.5, "seconds": 1.25, "train_loss": float("nan"), "test_loss": float("inf")},
        ],
        "views": views,
        "weights": [generator.normal(size=(2, 16)), np.zeros(16, "f2"), np.array(3)],
    }
    return Record(run_id, "mlp", digest=digest, created=created, **(settings | changes))


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def ids(summaries):
    return [summary.run_id for summary in summaries]


def found(store, digest="abc"):
    summary = store.find("mlp", digest)
    return None if summary is None else summary.run_id


def visible(store):
    return sorted(path.name for path in store.folder.iterdir())


def same(first, second):
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes()
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return type(first) is type(second) and len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and repr(first) == repr(second)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"views": [], "weights": [], "metrics": [], "facts": {}},
        {"views": [(0, {}), (7, {"a/b": np.array(["x", "yz"])})]},
        {"status": "failed", "message": "The loss is not a number.", "events": [{"step": 3, "change": {"lr": 0.1}}]},
        {"weights": [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(10)[::2], np.arange(3, dtype=">i4")]},
    ],
)
def test_the_round_trip_is_exact(store, changes):
    record = a_record(**changes)
    store.save(record)
    again = RunStore(store.folder).open(record.run_id)
    for field in fields(Record):
        expected, found = getattr(record, field.name), getattr(again, field.name)
        assert same(expected, found) or (isinstance(expected, dict) and expected == found), field.name
    assert visible(store) == ["mlp-1"]
    assert sorted(path.name for path in (store.folder / "mlp-1").iterdir()) == sorted(FILES)


def test_facts_become_json_values(store):
    @dataclass
    class Layer:
        shape: tuple[int, ...]

    facts = {
        "nan": float("nan"),
        "array": np.arange(3),
        "layers": (Layer((8, 8)),),
        5: np.float32(0.5),
        "path": Path("a"),
    }
    store.save(a_record(facts=facts))
    expected = {"nan": None, "array": [0, 1, 2], "layers": [{"shape": [8, 8]}], "5": 0.5, "path": "a"}
    assert store.open("mlp-1").facts == expected
    json.loads((store.folder / "mlp-1" / "run.json").read_text("utf-8"), parse_constant=pytest.fail)


def test_a_step_given_twice_keeps_the_last_view(store):
    store.save(a_record(views=[(0, {"a": np.zeros(1)}), (0, {"a": np.ones(1)})]))
    assert store.open("mlp-1").views == [(0, {"a": np.ones(1)})]


def test_the_summary_tells_what_the_record_holds(store):
    record = a_record(events=[{"step": 1, "change": "x"}])
    store.save(record)
    (summary,) = store.list()
    for name in ("run_id", "family", "config", "digest", "status", "created", "seconds", "device", "events", "facts"):
        assert getattr(summary, name) == getattr(record, name)
    assert summary.last == {"step": 12, "epoch": 1.5, "seconds": 1.25, "train_loss": None, "test_loss": None}
    assert summary.bytes == sum((store.folder / "mlp-1" / name).stat().st_size for name in FILES)
    assert not summary.example


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": [np.array([object()])]},
        {"views": [(0, {"a": np.array([{}], dtype=object)})]},
        {"metrics": [{"step": 0, "train_loss": "many"}]},
        {"seconds": float("nan")},
        {"status": "perhaps"},
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(store, changes):
    with pytest.raises(ValueError):
        store.save(a_record(**changes))
    assert visible(store) == []


HOSTILE = [
    "",
    "..",
    "../mlp-1",
    "mlp-1/..",
    "/etc/passwd",
    "mlp",
    "MLP-1",
    "mlp-1\n",
    "mlp-1.",
    "mlp-é",
    "m-" + "1" * 200,
]


@pytest.mark.parametrize("run_id", HOSTILE)
def test_no_name_leaves_the_folder(tmp_path, run_id):
    RunStore(tmp_path).save(a_record())  # a run one level up, which must stay out of reach
    store = RunStore(tmp_path / "runs", examples=tmp_path / "examples")
    store.save(a_record("mlp-2"))
    with pytest.raises(ValueError, match="cannot name a run"):
        store.save(a_record(run_id))
    for read in (store.open, store.zip):
        with pytest.raises(UnknownRun, match="There is no run"):
            read(run_id)
    assert store.delete(run_id) is False
    assert ids(RunStore(tmp_path).list()) == ["mlp-1"]
    assert ids(store.list()) == ["mlp-2"]


def test_new_ids_are_valid_and_differ(store):
    made = {new_run_id("lstm_gru") for _ in range(50)}
    assert len(made) == 50
    for run_id in list(made)[:3]:
        store.save(replace(a_record(run_id), family="lstm_gru"))
    assert len(store.list()) == 3


def test_newest_first_and_by_family(store):
    for day, run_id in [(2, "mlp-a"), (3, "cnn-b"), (1, "mlp-c")]:
        store.save(replace(a_record(run_id, created=f"2026-01-0{day}T00:00:00+00:00"), family=run_id[:3]))
    assert ids(store.list()) == ["cnn-b", "mlp-a", "mlp-c"]
    assert ids(store.list("mlp")) == ["mlp-a", "mlp-c"]
    assert store.list("rnn") == []


def test_find_takes_the_newest_finished_untouched_run_of_these_settings(store):
    day = "2026-01-0{}T00:00:00+00:00".format
    store.save(a_record("mlp-1", created=day(1)))
    store.save(a_record("mlp-2", created=day(2)))
    store.save(a_record("mlp-3", created=day(3), status="stopped"))
    store.save(a_record("mlp-4", created=day(4), events=[{"step": 1, "change": "learning rate 0.1"}]))
    store.save(a_record("mlp-5", created=day(5), digest="other"))
    store.save(replace(a_record("cnn-6", created=day(6)), family="cnn"))
    with pytest.raises(ValueError, match="cannot name a run of cnn"):  # files of other families are not looked at
        store.save(replace(a_record("mlp-6", created=day(6)), family="cnn"))
    assert found(store) == "mlp-2"
    store.delete("mlp-2")
    assert found(store) == "mlp-1"
    assert store.find("mlp", "unknown") is None
    assert store.find("rnn", "abc") is None


def test_another_process_is_seen_at_once(store):
    reader = RunStore(store.folder)
    assert reader.list() == []
    store.save(a_record())
    assert found(reader) == "mlp-1"
    store.save(a_record(digest="new"))
    assert found(reader) is None and found(reader, "new") == "mlp-1"
    store.delete("mlp-1")
    assert reader.list() == []
    with pytest.raises(UnknownRun):
        reader.open("mlp-1")


def test_the_index_reads_each_run_once(store, monkeypatch):
    for number in range(5):
        store.save(a_record(f"mlp-{number}"))
    reader, read, original = RunStore(store.folder), [], Path.read_bytes

    def counted(path):
        read.append(path.name)
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    for _ in range(3):
        reader.list()
        reader.find("mlp", "abc")
    assert read == ["run.json"] * 5


def test_examples_are_read_after_the_own_runs_and_never_written(tmp_path):
    examples = tmp_path / "examples"
    RunStore(examples).save(a_record("mlp-shared", created="2026-05-05", message="example"))
    RunStore(examples).save(a_record("mlp-example", created="2026-06-06"))
    store = RunStore(tmp_path / "runs", examples=examples, max_runs=2)
    assert store.open("mlp-example").example and found(store) == "mlp-example"
    store.save(a_record("mlp-shared", created="2025-01-01", message="own"))
    assert [(item.run_id, item.example) for item in store.list()] == [("mlp-example", True), ("mlp-shared", False)]
    assert store.open("mlp-shared").message == "own"
    assert found(store) == "mlp-shared"
    assert store.delete("mlp-shared") and not store.delete("mlp-shared") and not store.delete("mlp-example")
    assert store.open("mlp-shared").message == "example"
    store.save(a_record("mlp-1"))
    store.save(a_record("mlp-2"))
    store.save(a_record("mlp-3"))
    assert len(RunStore(examples).list()) == 2
    (store.folder / "mlp-shared").mkdir()  # a damaged own run does not hide the example
    assert store.open("mlp-shared").example


def damage(path, kind):
    if kind == "missing":
        path.unlink()
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:-20])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "noise":
        path.write_bytes(bytes(reversed(path.read_bytes())))
    elif kind == "a folder":
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["missing", "truncated", "empty", "noise", "a folder"])
def test_a_damaged_run_is_skipped_and_said_so(store, caplog, name, kind):
    store.save(a_record("mlp-good"))
    store.save(a_record("mlp-bad", created="2027-01-01"))
    store.list()
    damage(store.folder / "mlp-bad" / name, kind)
    for reader in (store, RunStore(store.folder)):
        with pytest.raises(CorruptRun, match=r"The stored run .mlp-bad. is damaged"):
            reader.open("mlp-bad")
        with pytest.raises(CorruptRun):
            reader.zip("mlp-bad")
        if kind != "noise" or name == "run.json":  # changed bytes of equal size show when the run is opened
            caplog.clear()
            fresh = RunStore(store.folder)
            with caplog.at_level(logging.WARNING):
                assert ids(fresh.list()) == ["mlp-good"]
                assert found(fresh) == "mlp-good"
            assert [record for record in caplog.records if "mlp-bad" in record.message][1:] == []  # said once
            assert "mlp-bad" in caplog.text
    assert store.open("mlp-good").message


def test_one_changed_bit_shows_even_where_the_format_does_not_mind(store):
    store.save(a_record())
    path = store.folder / "mlp-1" / "views.npz"
    content = bytearray(path.read_bytes())
    content[10] ^= 1  # the time of the first member, which nobody checks
    path.write_bytes(content)
    assert "0/surface" in np.load(path).files
    with pytest.raises(CorruptRun, match=r"views\.npz is not what was written"):
        store.open("mlp-1")


def edit(path, change):
    index = json.loads(path.read_text("utf-8"))
    change(index)
    path.write_text(json.dumps(index), "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.update(schema=2),
        lambda index: index.pop("schema"),
        lambda index: index.pop("digest"),
        lambda index: index.pop("files"),
        lambda index: index["files"].pop("views.npz"),
        lambda index: index["files"].update({"../../secret": {"bytes": 1}}),
        lambda index: index.update(files=[]),
        lambda index: index.update(run_id="mlp-other"),
        lambda index: index.update(config=[]),
        lambda index: index.update(created=None),
        lambda index: index.update(seconds="long"),
        lambda index: index.update(status="done"),
        lambda index: index.update(events=["x"]),
    ],
)
def test_an_index_that_lies_is_skipped(store, change):
    store.save(a_record("mlp-bad"))
    store.save(a_record("mlp-good"))
    edit(store.folder / "mlp-bad" / "run.json", change)
    assert ids(store.list()) == ["mlp-good"]
    assert found(store) == "mlp-good"
    with pytest.raises(CorruptRun, match=r"\.$"):
        store.open("mlp-bad")


@pytest.mark.parametrize("text", ["[]", "null", "1", '"x"', "{}", "[" * 100_000, '{"schema": NaN}', "\udcff"])
def test_an_index_that_is_no_index_is_skipped(store, text):
    store.save(a_record())
    (store.folder / "mlp-1" / "run.json").write_text(text, "utf-8", errors="surrogateescape")
    assert store.list() == []


def test_pickled_arrays_are_never_loaded(store, tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "exploded",)

    store.save(a_record())
    path = store.folder / "mlp-1" / "weights.npz"
    arrays: dict[str, Any] = {"000": np.array([Bomb()], dtype=object)}
    np.savez(path, **arrays)
    fingerprint = {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    edit(path.parent / "run.json", lambda index: index["files"].update({path.name: fingerprint}))
    with pytest.raises(CorruptRun, match="allow_pickle"):
        RunStore(store.folder).open("mlp-1")
    assert not (tmp_path / "exploded").exists()


def test_strangers_in_the_folder_are_left_alone(store, tmp_path):
    store.save(a_record())
    (store.folder / "notes.txt").write_text("mine")
    (store.folder / "Other Folder").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (store.folder / "mlp-link").symlink_to(tmp_path / "elsewhere")
    (store.folder / "mlp-file").write_text("a file named like a run")
    assert ids(store.list()) == ["mlp-1"]
    RunStore(store.folder, max_runs=1).save(a_record("mlp-2"))
    assert visible(store) == ["Other Folder", "mlp-2", "mlp-file", "mlp-link", "notes.txt"]


def test_the_oldest_go_beyond_the_number(tmp_path):
    store = RunStore(tmp_path, max_runs=3)
    for day in (5, 1, 4, 2, 3):
        store.save(a_record(f"mlp-{day}", created=f"2026-01-0{day}"))
    # 1 went when 2 came; then 2 went when 3 came
    assert ids(store.list()) == ["mlp-5", "mlp-4", "mlp-3"]


def test_the_run_just_saved_stays_even_if_it_is_the_oldest_or_too_large(tmp_path):
    store = RunStore(tmp_path, max_runs=2, max_bytes=100)
    store.save(a_record("mlp-9", created="2026-01-09"))
    assert ids(store.list()) == ["mlp-9"]
    store.save(a_record("mlp-1", created="2026-01-01"))
    assert ids(store.list()) == ["mlp-1"]


def test_the_oldest_go_beyond_the_bytes(tmp_path):
    size = 100_000
    noise = np.random.default_rng(0).bytes(size)
    store = RunStore(tmp_path, max_bytes=int(3.5 * size))
    for day in range(1, 6):
        store.save(a_record(f"mlp-{day}", created=f"2026-01-0{day}", weights=[np.frombuffer(noise, "u1")]))
    assert ids(store.list()) == ["mlp-5", "mlp-4", "mlp-3"]


def test_damaged_runs_go_before_good_ones(tmp_path):
    store = RunStore(tmp_path, max_runs=2)
    store.save(a_record("mlp-1", created="2026-01-01"))
    store.save(a_record("mlp-2", created="2026-01-02"))
    (tmp_path / "mlp-2" / "run.json").unlink()
    store.save(a_record("mlp-3", created="2026-01-03"))
    assert visible(store) == ["mlp-1", "mlp-3"]
    assert store.prune() == []


def test_the_zip_holds_everything_and_explains_it(store, tmp_path):
    store.save(a_record(events=[{"step": 3, "change": "learning rate 0.1"}], message="A {brace} and a %s."))
    with zipfile.ZipFile(io.BytesIO(store.zip("mlp-1"))) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(f"mlp-1/{name}" for name in (*FILES, "README.txt"))
        for name in FILES:
            assert archive.read(f"mlp-1/{name}") == (store.folder / "mlp-1" / name).read_bytes()
        text = archive.read("mlp-1/README.txt").decode()
        archive.extractall(tmp_path / "unpacked")
    for expected in (
        *FILES,
        "keras 3.15.1",
        "step 3: learning rate 0.1",
        "A {brace} and a %s.",
        'open("mlp-1/run.json"',
    ):
        assert expected in text
    assert same(RunStore(tmp_path / "unpacked").open("mlp-1").weights, a_record().weights)


def test_the_program_in_the_readme_is_valid(store):
    store.save(a_record())
    with zipfile.ZipFile(io.BytesIO(store.zip("mlp-1"))) as archive:
        lines = archive.read("mlp-1/README.txt").decode().splitlines()
    start = lines.index("    import json")
    program = "\n".join(line[4:] for line in lines[start : lines.index("Versions")])
    compile(program, "README.txt", "exec")
    assert "network.train(config, data, model)" in program


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
import numpy as np
from lab.run_files import Record
from lab.runs import RunStore
store = RunStore(Path({folder!r}))
noise = np.random.default_rng(0).random((40, 5000))
{before}
print("ready", flush=True)
for number in range(10_000):
    store.save(Record(f"mlp-{{number}}", "mlp", {{}}, "abc", views=[(0, {{"a": noise}})], weights=[noise]))
"""
KILLED_BEFORE_THE_RENAME = """
import os, signal
Path.rename = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_BEFORE_THE_INDEX = """
import os, signal, lab.run_files
original = lab.run_files._write_synced
def write(path, data):
    if path.name == "run.json":
        os.kill(os.getpid(), signal.SIGKILL)
    original(path, data)
lab.run_files._write_synced = write
"""


def start_writer(folder, before=""):
    program = WRITER.format(root=str(ROOT), folder=str(folder), before=before)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("moment", [KILLED_BEFORE_THE_RENAME, KILLED_BEFORE_THE_INDEX])
def test_a_kill_in_mid_write_leaves_nothing_visible_and_is_cleaned_up_later(store, moment):
    process = start_writer(store.folder, moment)
    assert process.wait(30) == -signal.SIGKILL
    assert store.list() == []
    (leftover,) = store.folder.iterdir()
    assert leftover.name.startswith(".")
    store.save(a_record())
    assert leftover.exists()  # young: its writer may be at work
    old = time.time() - ABANDONED_AFTER - 10
    os.utime(leftover, (old, old))
    store.save(a_record())
    assert visible(store) == ["mlp-1"]


def test_kills_at_any_moment_leave_only_whole_runs(store):
    for delay in (0.0, 0.013, 0.031, 0.057, 0.1):
        process = start_writer(store.folder)
        time.sleep(delay)
        process.kill()
        process.wait()
        for summary in RunStore(store.folder).list():
            record = store.open(summary.run_id)
            assert record.weights[0].shape == (40, 5000)
            shutil.rmtree(store.folder / summary.run_id)
    store.save(a_record())
    assert ids(store.list()) == ["mlp-1"]


def save_many(folder, run_ids, seed, repeats, outcome):
    try:
        store = RunStore(folder, max_runs=6)
        for number in range(repeats):
            store.save(a_record(run_ids[number % len(run_ids)], seed=seed))
        outcome.put(None)
    except BaseException as error:
        outcome.put(repr(error))


@pytest.mark.parametrize("run_ids", [["mlp-same"], [f"mlp-{number}" for number in range(9)]])
def test_two_writers_and_a_reader_do_not_break_each_other(store, run_ids):
    context = multiprocessing.get_context("spawn")
    outcome = context.Queue()
    writers = [context.Process(target=save_many, args=(store.folder, run_ids, seed, 60, outcome)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    opened = 0
    while any(writer.is_alive() for writer in writers):
        for summary in store.list():
            try:
                record = store.open(summary.run_id)
            except (UnknownRun, CorruptRun):  # replaced or dropped between the two calls
                continue
            assert same(record.weights, a_record(seed=record.config["seed"]).weights)
            opened += 1
    assert [outcome.get(timeout=10) for _ in writers] == [None, None]
    assert opened > 0
    assert 1 <= len(store.list()) <= 6
    assert not [name for name in visible(store) if name.startswith(".")]


def test_a_run_that_is_replaced_while_it_is_opened_is_read_as_one(store):
    """Settings and arrays are of the same run, also if another process replaced it after its summary was read."""
    store.save(a_record("mlp-same", seed=1))
    path, summary = store._found("mlp-same")
    store.save(a_record("mlp-same", seed=2))
    record = read_run(path, summary)
    assert record.config["seed"] == 2
    assert same(record.weights, a_record(seed=2).weights)


@pytest.fixture
def fresh_choice():
    storage._writable.cache_clear()
    yield
    storage._writable.cache_clear()


@pytest.mark.usefixtures("fresh_choice")
def test_the_environment_chooses_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(storage.VARIABLE, str(tmp_path / "a" / "b"))
    assert storage.data_folder() == tmp_path / "a" / "b"
    assert storage.runs_folder() == tmp_path / "a" / "b" / "runs" and storage.runs_folder().is_dir()
    assert storage.uploads_folder() == tmp_path / "a" / "b" / "uploads" and storage.uploads_folder().is_dir()


@pytest.mark.usefixtures("fresh_choice")
def test_without_a_writable_folder_the_temporary_one_is_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(storage.VARIABLE, str(tmp_path / "file" / "data"))
    monkeypatch.setattr(storage, "REPOSITORY", tmp_path / "file")
    monkeypatch.setattr(storage.tempfile, "tempdir", str(tmp_path))
    first = storage.data_folder()
    assert first.parent == tmp_path and first.name.startswith("road-to-transformers-")
    storage._writable.cache_clear()
    assert storage.data_folder() == first  # every process of the app finds the same one
