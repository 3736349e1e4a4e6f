"""The end of every page: exercises whose answers the page shows, and what a visitor may take home of the run."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from lab import session
from lab.components.pictures import pictures
from lab.engine.messages import SAVED_NETWORK
from lab.exercises import EXERCISES
from lab.exercises.exercise import Exercise, Where, answer_of, numbers, settings_of
from lab.frame import quiet
from lab.shown_run import ShownRun
from lab.take_home import tables
from lab.take_home.recipe import recipe
from lab.take_home.script import script

Show = Callable[[Mapping[str, Any]], None]
ABOUT = (
    "This very run, to be made again anywhere: the notebook and the Python file hold all the code that ran, these "
    "settings and this seed, and compare what comes out with the numbers of this page."
)
ABOUT_PICTURES = (
    "The live picture on the first screen has its own PNG and SVG buttons. The bar over each other picture, which "
    "shows when you point at it or reach it with Tab, has its data and a PNG."
)
TO_LOAD = "The trained network for keras.models.load_model. The notebook has the code of its own layers."
NOT_YET = "Press Train first: there is no trained network yet."


def exercises(family: str, show: Show) -> None:
    """Draw the exercises of a family. show: takes over settings and brings the first screen into view."""
    several = EXERCISES[family]
    for place, (column, exercise) in enumerate(zip(st.columns(len(several), gap="medium"), several, strict=True)):
        with column, st.container(border=True, height="stretch"):
            st.write(f"**{place + 1}.** {exercise.question}")
            _exercise(family, exercise, show, f"{family}:exercise:{place}")


def _exercise(family: str, exercise: Exercise, show: Show, key: str) -> None:
    with st.container(horizontal=True, gap="small"):
        for name, where in exercise.runs.items():
            st.button(where.button, key=f"{key}:{name}", on_click=show, args=(_settings(family, where),),
                      help=f"Shows the run of “{where.title}”{KINDS[where.kind]} on the first screen.")  # fmt: skip
    with st.expander("Answer", key=f"{key}:answer"):
        st.write(_answer(family, exercise))


KINDS = {"preset": "", "fails": ", which fails,", "repaired": ", repaired,"}


def _settings(family: str, where: Where) -> dict[str, Any]:
    return settings_of(family, where).changes()


def _answer(family: str, exercise: Exercise) -> str:
    """Return the answer with the numbers of the stored runs."""
    store, found = session.store(), {}
    for name, where in exercise.runs.items():
        stored = store.find(family, settings_of(family, where).digest())
        if stored is not None:
            found[name] = numbers(stored.last, stored.facts)
    return answer_of(exercise, found)


def downloads(run: ShownRun) -> None:
    """Draw the buttons that hand out the run: code, network, numbers. Nothing is made before it is asked for."""
    trained = run.final and run.step > 0
    family = run.family
    name = f"{family}-seed-{run.config.get('seed', 0)}"
    with st.container(horizontal=True, gap="small", key="take-home"):
        _button("Notebook", lambda: _notebook(run), f"{name}.ipynb", "application/x-ipynb+json", family,
                help="Jupyter: all code, the training, and a comparison with the numbers of this page.")  # fmt: skip
        _button("Python file", lambda: script(recipe(run)), f"{name}.py", "text/x-python", family,
                help="The same in one file: python FILE trains and compares.")  # fmt: skip
        _button("Network", lambda: saved_network(run), f"{name}.keras", "application/octet-stream", family,
                help=TO_LOAD if trained else NOT_YET, disabled=not trained)  # fmt: skip
        _button("Curves", lambda: tables.curves(run), f"{name}-curves.csv", "text/csv", family, disabled=not run.rows,
                help="Loss and scores at every recorded step, as CSV.")  # fmt: skip
        _button("All numbers", lambda: tables.numbers(run), f"{name}-numbers.zip", "application/zip", family,
                disabled=not run.moments, help="The arrays behind the pictures, as CSV files in a ZIP.")  # fmt: skip
    pictures(family)
    quiet(ABOUT_PICTURES)
    if run.events:
        quiet("A setting was changed while this run trained, so its settings alone give another run. The files say so.")


def _button(
    label: str, make: Callable[[], Any], file: str, mime: str, family: str, *, help: str, disabled: bool = False
) -> None:
    st.download_button(label, data=make, file_name=file, mime=mime, on_click="ignore", help=help, disabled=disabled,
                       key=f"{family}:take:{label}")  # fmt: skip


def _notebook(run: ShownRun) -> str:
    from lab.take_home.notebook import notebook  # loads nbformat, which most visitors never ask for

    return notebook(recipe(run))


def saved_network(run: ShownRun) -> bytes:
    """Return the trained network as a file. Raises ValueError where the run cannot be asked any more."""
    return session.engine().ask(run.run_id, SAVED_NETWORK)["file"].tobytes()
