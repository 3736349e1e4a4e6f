"""A real engine, with real processes, for the tests that need one."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lab.engine.client import EngineClient
from lab.engine.messages import FINAL, Progress

PATIENCE = 90.0  # seconds: on a busy machine TensorFlow takes long to import


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition holds; fail with words if it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.01)


def wait_for_state(client: EngineClient, run_id: str, *states: str, seconds: float = PATIENCE) -> Progress:
    """Poll a run until it is in one of the states (default: a final one) and return the whole of it."""
    wanted = states or FINAL
    seen: list[str] = []

    def arrived() -> bool:
        state = client.poll(run_id).state
        if not seen or seen[-1] != state:
            seen.append(state)
        return state in wanted

    try:
        wait_for(arrived, f"{run_id} to be {' or '.join(wanted)}", seconds)
    except AssertionError:
        raise AssertionError(f"{run_id} went {seen}, not to {wanted}: {client.poll(run_id).message}") from None
    return client.poll(run_id)


def wait_for_step(client: EngineClient, run_id: str, step: int) -> None:
    """Poll a run until it has recorded a step."""
    wait_for(lambda: (rows := client.poll(run_id).rows) and rows[-1]["step"] >= step, f"step {step} of {run_id}")


def family_of(pid: int) -> list[psutil.Process]:
    """Return an engine's process and all that come from it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def alive(pid: int) -> bool:
    """Whether a process runs, and is not only waiting to be buried."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def running_engine(folder: Path, **settings: object) -> Iterator[EngineClient]:
    """Yield a client with settings of its own; its engine and all runs end afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROAD_DATA_DIR", str(folder))
        patch.setenv("ROAD_FAMILIES", "tests.lab.engine_families")
        for name, value in settings.items():
            patch.setenv(f"ROAD_{name.upper()}", str(value))
        client = EngineClient()
        try:
            client.census()
            yield client
        finally:
            client.close()
