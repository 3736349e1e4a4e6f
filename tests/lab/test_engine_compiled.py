"""Compiled functions kept on disk: a damaged one costs one run at most. Apart, with an engine of its own."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lab.engine.client import EngineClient
from lab.storage import runs_folder
from tests.lab.conftest import running_engine, wait_for_state

MLP = {"dataset": "xor", "epochs": 3, "layers": 1, "units": 4, "samples": 60}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineClient]:
    with running_engine(tmp_path_factory.mktemp("data"), slots=3, prepared=2, kept=2, threads=2) as client:
        yield client


def test_a_damaged_compiled_function_fails_one_run_at_most(client: EngineClient) -> None:
    files: list[Path] = []
    for _ in range(3):  # another test's error may have emptied the folder just now
        wait_for_state(client, client.start("mlp", MLP, uuid4().hex))
        if files := list((runs_folder().parent / "compiled").iterdir()):
            break
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:1000])
    wait_for_state(client, client.start("mlp", MLP, uuid4().hex))
    ended = wait_for_state(client, client.start("mlp", MLP, uuid4().hex))
    assert ended.state == "finished", ended.message
