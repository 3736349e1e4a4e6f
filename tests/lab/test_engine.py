"""The engine through its client, with real processes: what a page can do with a run, and what can happen to it."""

import re
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psutil
import pytest

from lab.engine.client import EngineClient
from lab.engine.messages import FINAL, SCENE_STEP, Progress, unpack
from lab.engine.run_state import RunState
from lab.run_files import Record
from lab.runs import RunStore
from lab.storage import runs_folder
from tests.lab.conftest import alive, family_of, running_engine, wait_for, wait_for_state, wait_for_step

MLP = {"dataset": "xor", "epochs": 3, "layers": 1, "units": 4, "samples": 60}
STOP_SECONDS = 0.5


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineClient]:
    with running_engine(tmp_path_factory.mktemp("data"), slots=3, prepared=2, kept=2, threads=2) as client:
        yield client


@pytest.fixture
def owner() -> str:
    return uuid4().hex


def start(client: EngineClient, owner: str, pace: float = 0.0, paused: bool = False, **config: Any) -> str:
    return client.start("toy", config, owner, pace, paused)


def process_of(client: EngineClient, run_id: str) -> int:
    wait_for(lambda: run_id in client.census()["processes"], f"a process of {run_id}")
    return int(client.census()["processes"][run_id])


def stored(run_id: str) -> Record:
    return RunStore(runs_folder()).open(run_id)


def follow(client: EngineClient, run_id: str) -> tuple[list[dict[str, float]], list[Progress]]:
    """Poll with the cursor, as a page does, until the run has ended; return the rows and all answers."""
    rows: list[dict[str, float]] = []
    answers: list[Progress] = []
    cursor = 0

    def ended() -> bool:
        nonlocal cursor
        answers.append(client.poll(run_id, cursor))
        rows.extend(answers[-1].rows)
        cursor = answers[-1].cursor
        return answers[-1].state in FINAL

    wait_for(ended, f"the end of {run_id}")
    return rows, answers


def stop_latency(client: EngineClient, run_id: str) -> float:
    """Stop a run; return how long it was certainly still at work, whatever the machine did to this test meanwhile."""
    asked = time.monotonic()
    client.stop(run_id)
    last_seen = 0.0
    while True:
        now = time.monotonic()
        if client.poll(run_id).state not in ("running", "stopping"):
            return last_seen
        last_seen = now - asked


# ---- a run and its page ----


def test_a_page_gets_every_row_once_and_all_facts(client: EngineClient, owner: str) -> None:
    rows, answers = follow(client, start(client, owner, steps=20))
    assert [row["step"] for row in rows] == list(range(21))
    final = answers[-1]
    assert (final.state, final.message) == ("finished", "")
    assert final.facts["total_steps"] == 20
    assert [layer["name"] for layer in final.facts["layers"]] == ["input", "output"]
    assert [baseline["name"] for baseline in final.facts["baselines"]] == ["Zero"]
    assert all(answer.latest is None for answer in answers if not answer.rows and answer.cursor)


def test_the_scene_comes_with_a_first_poll_only(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner)
    first = wait_for_state(client, run_id)
    assert unpack(first.scene)["points"].shape == (16, 2)
    assert first.latest is not None and first.latest.arrays()["weights"].shape == (2,)
    again = client.poll(run_id, first.cursor)
    assert (again.scene, again.rows, again.latest) == (b"", (), None)
    assert client.poll(run_id, 10**6).cursor == first.cursor


def test_a_prepared_process_is_the_one_that_trains(client: EngineClient, owner: str) -> None:
    run_id = client.prepare("toy", {"steps": 50}, owner)
    ready = wait_for_state(client, run_id, "prepared")
    assert [row["step"] for row in ready.rows] == [0]
    assert ready.facts["baselines"]
    process = process_of(client, run_id)
    assert client.prepare("toy", {"steps": 50}, owner) == run_id
    assert start(client, owner, steps=50) == run_id
    wait_for_step(client, run_id, 1)
    assert process_of(client, run_id) == process
    assert [row["step"] for row in wait_for_state(client, run_id).rows] == list(range(51))


def test_other_settings_drop_what_was_prepared(client: EngineClient, owner: str) -> None:
    former = client.prepare("toy", {"steps": 50}, owner)
    wait_for_state(client, former, "prepared")
    process = process_of(client, former)
    newer = client.prepare("toy", {"steps": 51}, owner)
    assert newer != former
    assert client.poll(former).state == "unknown"
    wait_for(lambda: not alive(process), "the former process to end")
    client.start("toy", {"steps": 52}, owner)
    assert client.poll(newer).state == "unknown"


def test_there_are_fewer_waiting_processes_than_pages(client: EngineClient) -> None:
    owners = [uuid4().hex for _ in range(5)]
    runs = [client.prepare("toy", {"seed": number}, name) for number, name in enumerate(owners)]
    most = 0

    def all_prepared() -> bool:
        nonlocal most
        progress = [client.poll(run_id) for run_id in runs]
        processes = client.census()["processes"]
        most = max(most, sum(run_id in processes for run_id in runs))
        return all(one.state == "prepared" and one.rows for one in progress)

    wait_for(all_prepared, "five prepared runs")
    assert most == 2
    parked = next(place for place, run_id in enumerate(runs) if run_id not in client.census()["processes"])
    held = dict(client.census()["processes"])
    assert client.prepare("toy", {"seed": parked}, owners[parked]) == runs[parked]  # a heartbeat
    assert client.census()["processes"] == held, "an open page took another page's process"
    assert client.start("toy", {"seed": parked}, owners[parked]) == runs[parked]
    assert [row["step"] for row in wait_for_state(client, runs[parked]).rows] == list(range(21))
    for name in owners:
        client.start("toy", {"steps": 1}, name)  # lets go of what was prepared


def test_pause_holds_step_advances_by_one_and_resume_goes_on(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, steps=30, paused=True)
    client.step(run_id)
    wait_for_step(client, run_id, 1)
    for step in (2, 3):
        client.step(run_id)
        wait_for_step(client, run_id, step)
        wait_for(lambda: not client.poll(run_id).stepping, "the step to be done")
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        progress = client.poll(run_id)
        assert (progress.state, progress.rows[-1]["step"], progress.active) == ("paused", 3, False)
    client.resume(run_id)
    wait_for_step(client, run_id, 5)
    client.pause(run_id)
    assert client.poll(run_id).state == "paused"
    client.resume(run_id)
    assert [row["step"] for row in wait_for_state(client, run_id).rows] == list(range(31))


def test_orders_given_before_there_is_a_process_count(client: EngineClient, owner: str) -> None:
    """Else a page would show a paused run that trains on."""
    run_id = start(client, owner, steps=500)
    client.pause(run_id)
    client.set_learning_rate(run_id, 0.05)
    client.step(run_id)
    wait_for_step(client, run_id, 1)
    wait_for(lambda: not client.poll(run_id).stepping, "the step to be done")
    assert [row["step"] for row in client.poll(run_id).rows] in ([0, 1], [0, 1, 2])
    client.stop(run_id)
    wait_for_state(client, run_id, "stopped")
    assert stored(run_id).events == [{"step": 0, "change": "learning rate 0.05"}]


def test_a_changed_learning_rate_is_recorded_and_changes_the_training(client: EngineClient, owner: str) -> None:
    plain = wait_for_state(client, start(client, owner, steps=6))
    run_id = start(client, owner, steps=6, paused=True)
    for step in (1, 2, 3):
        client.step(run_id)
        wait_for_step(client, run_id, step)
    client.set_learning_rate(run_id, 0.3)
    assert client.poll(run_id).learning_rate == 0.3
    client.resume(run_id)
    changed = wait_for_state(client, run_id)
    losses = [[row["train_loss"] for row in progress.rows] for progress in (plain, changed)]
    assert losses[0][:4] == losses[1][:4]
    assert losses[0][4] != losses[1][4]
    record = stored(run_id)
    assert record.events == [{"step": 3, "change": "learning rate 0.3"}]
    assert record.config["learning_rate"] == 0.1


def test_the_pace_slows_and_speeds_a_run(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, pace=5.0, steps=40, wait=0.0)
    wait_for_step(client, run_id, 1)
    time.sleep(0.3)
    assert client.poll(run_id).rows[-1]["step"] == 1
    client.set_pace(run_id, 0.0)
    assert len(wait_for_state(client, run_id, seconds=10).rows) == 41


def test_a_browser_session_has_one_run(client: EngineClient, owner: str) -> None:
    former = start(client, owner, steps=10_000)
    wait_for_step(client, former, 2)
    latter = start(client, owner, steps=5)
    assert wait_for_state(client, former).message == "Stopped, because another run was started."
    assert wait_for_state(client, latter).state == "finished"


@pytest.mark.parametrize(
    ("family", "config", "words"),
    [
        ("no_such", {}, "no family named 'no_such'"),
        ("os.path", {}, "no family named"),
        ("toy", {"steps": 0}, "steps: "),
        ("toy", {"steps": "many"}, "steps: "),
        ("toy", {"nonsense": 1}, "nonsense: "),
        ("mlp", {"units": 10**9}, "units: "),
        ("mlp", {"dataset": "own", "upload": "../../etc/passwd"}, "upload: "),
    ],
)
def test_what_comes_from_a_browser_is_validated(
    client: EngineClient, owner: str, family: str, config: dict[str, Any], words: str
) -> None:
    for begin in (client.prepare, client.start):
        with pytest.raises(ValueError, match=re.escape(words)):
            begin(family, config, owner)


def test_a_learning_rate_is_validated_too(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, steps=10_000)
    for value in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(ValueError, match="learning_rate"):
            client.set_learning_rate(run_id, value)
    assert client.poll(run_id).learning_rate == 0.1
    client.stop(run_id)


def test_a_run_that_nobody_knows_is_said_to_be_unknown(client: EngineClient) -> None:
    assert client.poll("../../etc/passwd").state == "unknown"
    client.stop("nobody")
    client.step("nobody")
    with pytest.raises(ValueError, match="not stored here"):
        client.ask("../../etc/passwd", {"input": [1, 2]})


# ---- the same settings give the same run ----


def test_what_runs_beside_a_run_does_not_change_it(client: EngineClient) -> None:
    alone = wait_for_state(client, client.start("mlp", MLP, uuid4().hex))
    together = [client.start("mlp", MLP, uuid4().hex) for _ in range(3)]
    ended = [wait_for_state(client, run_id) for run_id in together]
    assert [progress.state for progress in ended] == ["finished"] * 3
    first = stored(alone.run_id)
    assert len(first.views) > 3
    for progress in ended:
        other = stored(progress.run_id)
        for row, same in zip(first.metrics, other.metrics, strict=True):
            assert {**row, "seconds": 0} == {**same, "seconds": 0}
        for (step, arrays), (same_step, same_arrays) in zip(first.views, other.views, strict=True):
            assert (step, arrays.keys()) == (same_step, same_arrays.keys())
            for name, array in arrays.items():
                assert array.tobytes() == same_arrays[name].tobytes(), f"{name} at step {step}"
        for weights, same_weights in zip(first.weights, other.weights, strict=True):
            assert weights.tobytes() == same_weights.tobytes()


def test_another_seed_gives_another_run(client: EngineClient, owner: str) -> None:
    losses = [wait_for_state(client, start(client, owner, seed=seed)).rows[-1]["train_loss"] for seed in (0, 1)]
    assert losses[0] != losses[1]


# ---- what can happen to a run ----


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("crash", r"ended with an error \(RuntimeError: The toy broke\)\. What it had recorded is kept\. Change"),
        ("vanish", r"ended without a word \(signal 11\)\. What it had recorded is kept\. Train again"),
        ("nan", r"left the range of numbers at step 3.*learning rate was 0\.1\. Try a tenth"),
    ],
)
def test_a_run_that_fails_says_why_and_keeps_its_snapshots(
    client: EngineClient, owner: str, behaviour: str, words: str
) -> None:
    beside = start(client, uuid4().hex, steps=10_000)
    ended = wait_for_state(client, start(client, owner, behaviour=behaviour))
    assert ended.state == "failed"
    assert re.search(words, ended.message), ended.message
    record = stored(ended.run_id)
    assert (record.status, record.message) == ("failed", ended.message)
    assert [row["step"] for row in record.metrics] == list(range(4 if behaviour == "nan" else 3))
    assert len(record.weights) == 1
    wait_for_step(client, beside, client.poll(beside).cursor + 2)
    client.stop(beside)


def test_data_that_cannot_be_learned_from_are_explained(client: EngineClient, owner: str) -> None:
    ended = wait_for_state(client, start(client, owner, behaviour="unfit"))
    assert (ended.state, ended.message) == ("failed", "The table has a single row. Add some more.")
    run_id = client.prepare("toy", {"behaviour": "unfit"}, owner)
    assert wait_for_state(client, run_id).message == ended.message


def test_a_run_killed_from_outside_says_so_and_keeps_its_snapshots(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, steps=10_000)
    wait_for_step(client, run_id, 5)
    psutil.Process(process_of(client, run_id)).kill()
    ended = wait_for_state(client, run_id)
    assert ended.state == "failed"
    assert "was killed from outside" in ended.message and "Train again" in ended.message
    record = stored(run_id)
    assert [row["step"] for row in record.metrics] == [row["step"] for row in ended.rows]
    assert len(record.views) == 1 + len(ended.rows) and record.views[0][0] == SCENE_STEP
    weights = dict(record.views)[record.metrics[-1]["step"]]["weights"]
    later = (16 * weights).tobytes()  # the kept weights are those of the last snapshot, or of the one before
    kept = (16 * record.weights[0][:, 0]).tobytes()
    before = (16 * dict(record.views)[record.metrics[-2]["step"]]["weights"]).tobytes()
    assert kept in (later, before)


def test_a_prepared_process_that_was_killed_is_replaced(client: EngineClient, owner: str) -> None:
    run_id = client.prepare("toy", {}, owner)
    wait_for_state(client, run_id, "prepared")
    psutil.Process(process_of(client, run_id)).kill()
    wait_for(lambda: run_id not in client.census()["processes"], "the engine to notice")
    assert start(client, owner) == run_id
    assert wait_for_state(client, run_id).state == "finished"


def test_a_comparison_that_fails_does_not_fail_the_run(client: EngineClient, owner: str) -> None:
    ended = wait_for_state(client, start(client, owner, behaviour="bare"))
    assert (ended.state, ended.facts["baselines"]) == ("finished", [])


def test_a_run_that_prints_a_lot_is_not_held_up(client: EngineClient, owner: str) -> None:
    assert wait_for_state(client, start(client, owner, behaviour="loud"), seconds=30).state == "finished"


# ---- stop ----


@pytest.mark.parametrize("behaviour", ["plain", "hang", "sleep"])
def test_a_run_stops_at_once_and_is_kept(client: EngineClient, owner: str, behaviour: str) -> None:
    run_id = start(client, owner, behaviour=behaviour, steps=10_000)
    wait_for_step(client, run_id, 2)
    if behaviour != "plain":
        time.sleep(0.1)  # so that it hangs when it is stopped
    assert stop_latency(client, run_id) <= STOP_SECONDS
    ended = wait_for_state(client, run_id)
    assert (ended.state, ended.message) == ("stopped", f"Stopped at step {ended.rows[-1]['step']:,}.")
    record = stored(run_id)
    assert record.status == "stopped"
    assert [row["step"] for row in record.metrics] == list(range(len(ended.rows)))
    assert client.ask(run_id, {"input": [1.0, 2.0]})["answer"].shape == (1,)


@pytest.mark.parametrize("behaviour", ["slow_build", "slow_compile"])
def test_a_run_stops_while_it_is_built_or_compiled(client: EngineClient, owner: str, behaviour: str) -> None:
    run_id = start(client, owner, behaviour=behaviour)
    process = process_of(client, run_id)
    if behaviour == "slow_compile":
        wait_for_step(client, run_id, 0)
    assert stop_latency(client, run_id) <= STOP_SECONDS
    assert client.poll(run_id).state == "stopped"
    wait_for(lambda: not alive(process), "the process to end", 5)


def test_a_real_network_stops_while_it_compiles(client: EngineClient, owner: str) -> None:
    run_id = client.start("mlp", {**MLP, "units": 37, "layers": 5, "activation": "selu"}, owner)
    wait_for_step(client, run_id, 0)
    assert stop_latency(client, run_id) <= STOP_SECONDS


def test_a_run_stops_before_it_has_a_process(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, steps=10_000)
    assert stop_latency(client, run_id) <= STOP_SECONDS
    assert wait_for_state(client, run_id).state == "stopped"
    wait_for(lambda: run_id not in client.census()["processes"], "its process to be refused")


def test_a_paused_run_stops(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, steps=10_000)
    wait_for_step(client, run_id, 1)
    client.pause(run_id)
    assert stop_latency(client, run_id) <= STOP_SECONDS
    assert wait_for_state(client, run_id).state == "stopped"


def test_orders_to_a_run_that_hears_nothing_hold_up_nobody(client: EngineClient, owner: str) -> None:
    """The way to a process holds some 200 KB; who waits for room in it would wait for ever, with the lock in hand."""
    run_id = start(client, owner, behaviour="hang")
    wait_for_step(client, run_id, 2)
    for _ in range(1500):
        client.set_pace(run_id, 0.0)
    assert client.poll(run_id).state == "running"
    assert stop_latency(client, run_id) <= STOP_SECONDS


def test_a_message_never_waits_for_its_reader() -> None:
    here, there = Pipe()
    run = RunState("run", "toy", {}, "", "", 0.0, connection=here)
    began = time.monotonic()
    sent = [run.send("ask", "x" * 50_000) for _ in range(100)]
    assert sent[0] and not sent[-1]
    assert time.monotonic() - began < 5.0
    there.close()
    here.close()


# ---- questions ----


def test_a_run_answers_while_it_trains_and_afterwards(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, steps=10_000)
    wait_for_step(client, run_id, 1)
    assert client.ask(run_id, {"input": [1, 0]})["answer"].shape == (1,)
    assert client.poll(run_id).state == "running"
    client.stop(run_id)
    ended = wait_for_state(client, run_id)
    assert ended.latest is not None
    assert client.ask(run_id, {"input": [1, 0]})["answer"][0] == ended.latest.arrays()["weights"][0]


@pytest.mark.parametrize("question", [{}, {"nonsense": 1}, {"input": "abc"}, {"input": [1]}, {"overflow": 1}])
def test_a_question_that_cannot_be_answered_costs_nothing(
    client: EngineClient, owner: str, question: dict[str, Any]
) -> None:
    run_id = start(client, owner, steps=10_000)
    wait_for_step(client, run_id, 1)
    with pytest.raises(ValueError, match=r"This question cannot be answered: .+"):
        client.ask(run_id, question)
    wait_for_step(client, run_id, client.poll(run_id).cursor + 1)
    client.stop(run_id)


def test_a_question_that_is_too_long_is_refused(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner)
    with pytest.raises(ValueError, match="too long"):
        client.ask(run_id, {"input": [0.0] * 100_000})


def test_a_question_that_ends_the_process_is_answered_at_once(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner)
    wait_for_state(client, run_id)
    began = time.monotonic()
    with pytest.raises(ValueError, match="ended without a word"):
        client.ask(run_id, {"end": 1})
    assert time.monotonic() - began < 10.0
    assert client.poll(run_id).state == "finished"
    assert client.ask(run_id, {"input": [1, 0]})["answer"].shape == (1,), "it was not revived"


def test_only_some_finished_processes_are_kept_and_the_others_are_revived(client: EngineClient) -> None:
    runs = [start(client, uuid4().hex, steps=3, seed=seed) for seed in range(4)]
    ended = [wait_for_state(client, run_id) for run_id in runs]
    wait_for(lambda: len(client.census()["processes"]) <= 2, "the surplus processes to go")
    for progress in ended:
        assert progress.latest is not None
        answer = client.ask(progress.run_id, {"input": [0, 1]})["answer"]
        assert answer[0] == progress.latest.arrays()["weights"][1]
    wait_for(lambda: len(client.census()["processes"]) <= 2, "the revived processes to go")


# ---- what can happen to the engine ----


def test_the_server_that_forks_is_restarted_and_runs_go_on(client: EngineClient, owner: str) -> None:
    run_id = start(client, owner, steps=10_000)
    wait_for_step(client, run_id, 1)
    servers = [child for child in psutil.Process(client.pid).children() if "forkserver" in " ".join(child.cmdline())]
    assert len(servers) == 1
    servers[0].kill()
    latter = start(client, uuid4().hex)
    wait_for(
        lambda: [client.poll(one).state in FINAL for one in (run_id, latter)][1], "the next run"
    )  # both are watched
    assert client.poll(latter).state == "finished", client.poll(latter).message
    progress = client.poll(run_id)
    assert progress.state == "running", progress.message
    wait_for_step(client, run_id, int(progress.rows[-1]["step"]) + 5)
    assert stop_latency(client, run_id) <= STOP_SECONDS
    assert wait_for_state(client, run_id).state == "stopped"


def test_a_killed_engine_leaves_nothing_and_the_next_one_answers_from_the_store(
    client: EngineClient, owner: str
) -> None:
    finished = wait_for_state(client, start(client, owner, steps=3))
    hanging = start(client, owner, behaviour="hang")
    wait_for_step(client, hanging, 2)
    assert client.pid is not None
    everyone = family_of(client.pid)
    everyone[0].kill()
    assert finished.latest is not None
    answer = client.ask(finished.run_id, {"input": [1, 0]})["answer"]
    assert answer[0] == finished.latest.arrays()["weights"][0]
    wait_for(lambda: not any(alive(process.pid) for process in everyone), "the former engine's processes to end", 5)
    assert client.poll(hanging).state == "unknown"
    assert np.isfinite(wait_for_state(client, start(client, owner)).rows[-1]["train_loss"])


def test_nothing_is_said_in_the_log_that_is_not_a_fault(client: EngineClient, tmp_path: Path) -> None:
    log = (runs_folder().parent / "engine.log").read_text()
    assert "oneDNN" not in log and "absl" not in log
