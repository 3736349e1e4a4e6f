"""An engine of its own: compiled functions kept on disk, and first pictures from a process that is awake."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from lab.engine.client import EngineClient
from lab.engine.messages import FIRST_PICTURE, unpack
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


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("mlp", {**MLP, "units": 7, "seed": 3}),
        ("mlp", {"dataset": "digits", "units": 5}),
        ("backpropagation", {"dataset": "moons", "units": 2, "activation": "relu"}),
    ],
)
def test_a_process_that_is_awake_gives_the_first_picture_of_other_settings(
    client: EngineClient, family: str, settings: dict[str, Any]
) -> None:
    """It is, bit by bit, what the run of those settings shows itself before its first step."""
    asked = wait_for_state(client, client.start(family, {"epochs": 1}, uuid4().hex))
    found = client.ask(asked.run_id, {"settings": settings, **FIRST_PICTURE})
    own = client.poll(client.prepare(family, settings, (owner := uuid4().hex)), 0, owner)
    until = time.monotonic() + 60
    while own.state != "prepared" and time.monotonic() < until:
        time.sleep(0.05)
        own = client.poll(own.run_id, 0, owner)
    assert own.latest is not None
    told = json.loads(str(found["told"][0]))
    assert told["row"] == {**own.rows[0], "seconds": 0.0}
    assert told["facts"] == json.loads(json.dumps({name: own.facts[name] for name in told["facts"]}))
    views = {f"view.{name}": array for name, array in own.latest.arrays().items()}
    views |= {f"scene.{name}": array for name, array in unpack(own.scene).items()}
    assert set(found) == {"told", *views}
    for name, array in views.items():
        np.testing.assert_array_equal(found[name], array)


def test_settings_of_a_question_are_checked(client: EngineClient) -> None:
    asked = wait_for_state(client, client.start("mlp", MLP, uuid4().hex))
    with pytest.raises(ValueError, match="cannot be answered"):
        client.ask(asked.run_id, {"settings": {"units": "many"}, **FIRST_PICTURE})
