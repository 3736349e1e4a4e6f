"""The engine's limits: slots, the queue, time, memory, presence, and nothing that grows; with limits set short."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import psutil
import pytest

from lab.engine.client import ROOT, EngineClient
from lab.runs import RunStore
from lab.storage import runs_folder
from tests.lab.conftest import alive, family_of, running_engine, wait_for, wait_for_state, wait_for_step

pytestmark = pytest.mark.alone

AWAY, GRACE, KEPT, LONGEST, MEGABYTES = 3.0, 0.5, 1.5, 6.0, 400


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineClient]:
    with running_engine(
        tmp_path_factory.mktemp("data"), slots=1, prepared=1, kept=1, threads=1, away_seconds=AWAY,
        grace_seconds=GRACE, kept_seconds=KEPT, run_seconds=LONGEST, run_megabytes=MEGABYTES,
    ) as client:  # fmt: skip
        wait_for(client.device, "TensorFlow to be imported")
        yield client


@pytest.fixture(autouse=True)
def _empty(client: EngineClient) -> Iterator[None]:
    """Every test begins with a free slot."""
    yield
    wait_for(lambda: not {"running", "paused", "queued"} & set(_ended(client)), "the slot to be free")


def _ended(client: EngineClient) -> dict[str, int]:
    states: dict[str, int] = client.census()["states"]
    return states


def start(client: EngineClient, owner: str = "", paused: bool = False, **config: object) -> str:
    return client.start("toy", config, owner or uuid4().hex, 0.0, paused)


def test_the_device_is_known(client: EngineClient) -> None:
    assert client.device()["kind"] in ("CPU", "GPU") and client.device()["name"]


def test_who_comes_first_trains_first(client: EngineClient) -> None:
    first = start(client, steps=10_000)
    wait_for_step(client, first, 1)
    waiting = [start(client, steps=5, seed=seed) for seed in range(4)]
    assert [client.poll(run_id).position for run_id in [first, *waiting]] == [0, 1, 2, 3, 4]
    assert {client.poll(run_id).state for run_id in waiting} == {"queued"}
    client.stop(waiting[1])
    left = client.poll(waiting[1])
    assert (left.state, left.message, left.position) == ("stopped", "Taken out of the queue before it began.", 0)
    assert [client.poll(run_id).position for run_id in waiting] == [1, 0, 2, 3]
    order: list[str] = []
    client.stop(first)

    def all_ended() -> bool:
        for run_id in (waiting[0], waiting[2], waiting[3]):
            state = client.poll(run_id).state
            if state not in ("queued", "unknown") and run_id not in order:
                order.append(run_id)
        assert _ended(client).get("running", 0) <= 1
        return all(client.poll(run_id).state == "finished" for run_id in order) and len(order) == 3

    wait_for(all_ended, "the queue to empty")
    assert order == [waiting[0], waiting[2], waiting[3]]


def test_a_step_asked_for_in_the_queue_is_done_when_its_turn_comes(client: EngineClient) -> None:
    first = start(client, steps=10_000)
    run_id = start(client, paused=True)
    client.step(run_id)
    client.stop(first)
    wait_for_step(client, run_id, 1)
    wait_for(lambda: not client.poll(run_id).stepping, "the step to be done")
    assert (client.poll(run_id).state, len(client.poll(run_id).rows)) == ("paused", 2)
    client.stop(run_id)


def test_a_queue_holds_no_more_processes_than_there_are_places(client: EngineClient) -> None:
    first = start(client, steps=10_000)
    queued = []
    for seed in range(3):
        owner = uuid4().hex
        wait_for_state(client, client.prepare("toy", {"seed": seed}, owner), "prepared")
        queued.append(start(client, owner, seed=seed))
        client.poll(first)
    assert len(client.census()["processes"]) <= 3  # the one that trains, the one that waits, one that was kept
    client.stop(first)
    for run_id in queued:
        assert [row["step"] for row in wait_for_state(client, run_id).rows] == list(range(21))


def test_a_run_that_takes_too_long_is_ended(client: EngineClient) -> None:
    run_id = start(client, steps=10_000, wait=0.2)
    began = time.monotonic()
    ended = wait_for_state(client, run_id)
    assert time.monotonic() - began > LONGEST - 1
    assert ended.state == "stopped"
    assert ended.message.startswith("Ended after 6 seconds, the longest a run may take.") and "Try" in ended.message
    assert RunStore(runs_folder()).open(run_id).message == ended.message


def test_a_run_that_takes_too_much_memory_is_ended(client: EngineClient) -> None:
    ended = wait_for_state(client, start(client, behaviour="heavy"))
    assert ended.state == "failed"
    assert ended.message.startswith(f"This run needed more than {MEGABYTES} MB of memory") and "Try" in ended.message
    assert [row["step"] for row in RunStore(runs_folder()).open(ended.run_id).metrics] == [0, 1, 2]
    assert wait_for_state(client, start(client)).state == "finished"


def test_a_run_nobody_watches_is_ended_and_frees_its_slot(client: EngineClient) -> None:
    left = start(client, steps=10_000)
    wait_for_step(client, left, 1)
    prepared = client.prepare("toy", {"seed": 9}, uuid4().hex)
    latter = start(client, steps=3)
    wait_for(lambda: client.poll(latter).state == "finished", "the slot of a run whose page has gone")
    assert wait_for_state(client, left).message == "Ended, because its page was closed."
    assert RunStore(runs_folder()).open(left).status == "stopped"
    assert client.poll(prepared).state == "unknown"


def test_a_closed_tab_ends_its_runs_after_a_grace(client: EngineClient) -> None:
    owner = uuid4().hex
    run_id = start(client, owner, steps=10_000)
    wait_for_step(client, run_id, 1)
    client.release(owner)
    released = time.monotonic()
    wait_for(lambda: _ended(client).get("running", 0) == 0, "the run to end")
    assert GRACE - 0.1 <= time.monotonic() - released < AWAY
    assert wait_for_state(client, run_id).message == "Ended, because its page was closed."


def test_a_run_that_somebody_else_watches_goes_on(client: EngineClient) -> None:
    owner, heir = uuid4().hex, uuid4().hex
    run_id = start(client, owner, steps=10_000)
    wait_for_step(client, run_id, 1)
    client.release(owner)
    until = time.monotonic() + 3 * GRACE
    while time.monotonic() < until:
        assert client.poll(run_id, 0, heir).state == "running"
        time.sleep(0.05)
    latter = start(client, heir, steps=3)  # it is the heir's now, who may have one
    wait_for(lambda: client.poll(latter).state == "finished", "the heir's next run")
    assert wait_for_state(client, run_id).message == "Stopped, because another run was started."


def test_a_finished_process_is_kept_for_a_while_only(client: EngineClient) -> None:
    run_id = start(client, steps=3)
    wait_for_state(client, run_id)
    assert run_id in client.census()["processes"]
    ended = time.monotonic()
    wait_for(lambda: run_id not in client.census()["processes"], "the process to go")
    assert time.monotonic() - ended > KEPT / 2
    assert client.ask(run_id, {"input": [1, 0]})["answer"].shape == (1,)


def test_a_run_that_cannot_be_stored_says_so(client: EngineClient) -> None:
    folder = runs_folder()
    shutil.move(folder, folder.with_name("moved"))
    folder.write_text("a file, where a folder should be")
    try:
        ended = wait_for_state(client, start(client))
    finally:
        folder.unlink()
        shutil.move(folder.with_name("moved"), folder)
    assert ended.state == "finished"
    assert ended.message == "This run could not be stored: is the disk full?"
    assert len(ended.rows) == 21


def test_many_questions_at_once_start_few_processes(client: EngineClient) -> None:
    runs = [start(client, steps=2, seed=seed) for seed in range(4)]
    for run_id in runs:
        wait_for_state(client, run_id)
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda run_id=run_id: answers.append(client.ask(run_id, {"input": [1, 0]})["answer"]))
        for run_id in runs
    ]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, len(client.census()["processes"]))
        time.sleep(0.01)
    assert len(answers) == 4
    assert most <= 3  # one that was kept, one that is asked, one on its way out


def test_thirty_runs_leave_nothing_behind(client: EngineClient) -> None:
    assert client.pid is not None

    def one_run(seed: int) -> None:
        owner = uuid4().hex
        if seed % 3 == 0:
            client.prepare("toy", {"seed": seed, "steps": 3}, owner)
        run_id = start(client, owner, seed=seed, steps=3, wait=0.0, behaviour="crash" if seed % 5 == 0 else "plain")
        wait_for_state(client, run_id)
        client.release(owner)

    def measured() -> list[tuple[int, int, float, int]]:
        wait_for(lambda: not client.census()["processes"], "all kept processes to go")
        wait_for(lambda: len(family_of(client.pid or 0)) == 3, "engine, resource tracker and forking server alone")
        found = []
        for process in family_of(client.pid or 0):
            with process.oneshot():
                memory = process.memory_full_info().uss / 1e6
                found.append((process.num_fds(), process.num_threads(), memory, process.pid))
        return found

    for seed in range(3):
        one_run(seed)
    before = measured()
    for seed in range(30):
        thread = threading.Thread(target=one_run, args=(seed,))  # as Streamlit: a new thread for every script run
        thread.start()
        thread.join()
    for (files, threads, memory, pid), (more_files, more_threads, more_memory, same) in zip(
        before, measured(), strict=True
    ):
        assert pid == same
        assert more_files <= files + 2 and more_threads <= threads + 2
        assert more_memory < memory + 5.0, f"process {pid} grew from {memory:.1f} to {more_memory:.1f} MB in 30 runs"


WEB = """
import json, sys, time
from lab.engine.client import EngineClient
client = EngineClient()
runs = [client.start("toy", {"behaviour": name, "steps": 10000}, name) for name in (sys.argv[1], "plain")]
while not all([client.poll(run_id).cursor >= 3 for run_id in runs]):
    time.sleep(0.05)
print(json.dumps(client.pid), flush=True)
while True:
    [client.poll(run_id) for run_id in runs]
    time.sleep(0.1)
"""


@pytest.mark.parametrize(("behaviour", "engine_first"), [("hang", False), ("sleep", True)])
def test_a_killed_web_process_leaves_no_orphan(
    client: EngineClient, behaviour: str, engine_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROAD_SLOTS", "2")
    monkeypatch.setenv("ROAD_RUN_SECONDS", "600")
    with subprocess.Popen([sys.executable, "-c", WEB, behaviour], cwd=ROOT, stdout=subprocess.PIPE, text=True) as web:
        assert web.stdout is not None
        engine = json.loads(web.stdout.readline())
        everyone = family_of(engine)
        assert len(everyone) == 5, "engine, resource tracker, forking server and two runs"
        if engine_first:
            web.send_signal(signal.SIGSTOP)  # stopped, so that it cannot tidy up
            psutil.Process(engine).kill()
        web.kill()
    wait_for(lambda: not any(alive(process.pid) for process in everyone), "all processes to end", 10)


BUSY = """
import os, threading
from lab.engine import run_process
from tests.lab.engine_families import _hang
run_process.BUSY_SECONDS = 1.0
threading.Thread(target=run_process._end_with, args=(os.getpid(),), daemon=True).start()
_hang()
"""


def test_a_process_that_lets_nobody_look_after_the_engine_ends_by_the_systems_timer() -> None:
    done = subprocess.run([sys.executable, "-c", BUSY], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGVTALRM
