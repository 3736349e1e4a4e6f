"""The end of a page: exercises lead to the runs that answer them, and the run can be taken home."""

import io
import zipfile
from typing import Any

import pytest

from lab import session
from lab.exercises import EXERCISES
from lab.exercises.exercise import settings_of
from lab.lessons.take_home import saved_network
from models.configs import CONFIGS
from tests.pages.conftest import open_page


@pytest.mark.parametrize("family", ["mlp", "som"])
def test_exercises_and_downloads_stand_at_the_end(family: str) -> None:
    page = open_page(family)
    assert not page.exception
    words = " ".join(element.value for element in page.markdown)
    for exercise in EXERCISES[family]:
        assert exercise.question in words and "no number" not in words
    labels = [button.proto.label for button in page.get("download_button")]
    assert [
        name for name in ("Notebook", "Python file", "Network", "Curves", "All numbers") if name not in labels
    ] == []


def test_a_button_of_an_exercise_shows_its_run() -> None:
    page = open_page("mlp")
    exercise = EXERCISES["mlp"][0]
    name, where = next(iter(exercise.runs.items()))
    page.button(key=f"mlp:exercise:0:{name}").click().run()
    assert not page.exception
    run: Any = page.session_state["mlp:shown"]
    assert run.origin == "example" and CONFIGS["mlp"](**run.config) == settings_of("mlp", where)


def test_a_stored_network_comes_as_a_keras_file() -> None:
    page = open_page("mlp")
    run: Any = page.session_state["mlp:shown"]
    data = saved_network(run)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {"config.json", "metadata.json", "model.weights.h5"} <= set(archive.namelist())
    record = session.store().open(run.run_id)
    import h5py

    with zipfile.ZipFile(io.BytesIO(data)) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        kept: list[Any] = []
        file.visititems(lambda _, item: kept.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    for weights in record.weights:
        assert any(one.shape == weights.shape and (one == weights).all() for one in kept)
