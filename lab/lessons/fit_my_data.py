"""Fit my data: choose a table and a column, and every family trains side by side. The other half: which network fits.

What runs is lab/fitting in a process of its own; here are its controls and, in lab/lessons/fit_race.py, its pictures.
"""

import streamlit as st

from lab import session
from lab.clicks import whole
from lab.datasets.dataset import UnfitData
from lab.datasets.own import own_table
from lab.datasets.uploaded import load_upload
from lab.fitting.live import LiveRace, Races
from lab.fitting.request import BUDGETS, FOLDS, Request
from lab.fitting.table import BUNDLED, check_folds
from lab.frame import quiet
from lab.lessons.fit_race import draw_race
from lab.lessons.which_network import which_network as which_network
from lab.own_data import Words, own_data
from lab.storage import uploads_folder

OWN = "own"
TICK_SECONDS = 1.0
WORDS = Words(
    invitation="Choose a CSV file. Every network learns to predict one of its columns from the others.",
)
TEXT = (
    "Choose a table and press the button: every family that applies, and methods without a network, learn to predict "
    "one column and are tested on rows that they have not seen, by cross-validation, as far as your time budget goes."
)


class Fields:
    """The settings of this section, kept in the session under the names that own data expects."""

    family = "fit"

    def key(self, name: str) -> str:
        """Return the session's key of a setting."""
        return f"fit.{name}"


FIELDS = Fields()


@st.cache_resource(show_spinner=False, on_release=lambda races: races.close())
def races() -> Races:
    """Return the races of this web process."""
    return Races()


def fit_my_data() -> None:
    """Draw the section: what to race on, the button, and the race as far as it is."""
    st.html(f'<div class="section-head"><h2>Fit my data</h2><p>{TEXT}</p></div>')
    _choose()
    race = races().newest(session.owner())
    running = race is not None and race.running
    st.fragment(_buttons_and_race, run_every=TICK_SECONDS if running else None)(running)


def _choose() -> None:
    for name in ("upload", "target"):
        st.session_state.setdefault(FIELDS.key(name), "")
    names = {**BUNDLED, OWN: "Your own CSV file"}
    first, second, third, fourth = st.columns((2.2, 1.6, 1.1, 0.8), vertical_alignment="bottom")
    first.selectbox("Table", list(names), format_func=names.__getitem__, key=FIELDS.key("dataset"))
    second.segmented_control("Time budget", list(BUDGETS), default=60, required=True, key="fit:seconds",
                             format_func=lambda seconds: f"{seconds} s" if seconds < 60 else f"{seconds // 60} min",
                             help="For training and testing. Starting TensorFlow before and training the best network "
                             "on all rows afterwards take some seconds more.")  # fmt: skip
    third.segmented_control("Folds", list(FOLDS), default=5, required=True, key="fit:folds",
                            help="The rows are divided into so many parts; each part is the test once.")  # fmt: skip
    fourth.number_input("Seed", 0, 99_999, 0, key="fit:seed", help="Fixes folds, first weights and the order of rows.")
    own_data(FIELDS, WORDS)


def _request() -> Request:
    """Return what is asked for now. Raises UnfitData with what is wrong and what to do."""
    state = st.session_state
    own = state[FIELDS.key("dataset")] == OWN
    request = Request(
        dataset=state[FIELDS.key("dataset")], upload=state[FIELDS.key("upload")] if own else "",
        target=state[FIELDS.key("target")] if own else "", seconds=float(state["fit:seconds"]),
        folds=int(state["fit:folds"]), seed=int(state["fit:seed"]),
    )  # fmt: skip
    if own:
        if not request.upload:
            raise UnfitData("Choose a CSV file first: press Your file.")
        table = own_table(load_upload(request.upload, uploads_folder()), request.target)
        check_folds(table, request.target, request.folds)
    return request


def _asked() -> tuple[object, ...]:
    """Return what is asked for now, by which a problem is known to be an old one."""
    keys = [*map(FIELDS.key, ("dataset", "upload", "target")), "fit:seconds", "fit:folds", "fit:seed"]
    return tuple(st.session_state.get(key) for key in keys)


def _buttons_and_race(ticking: bool) -> None:
    owner = session.owner()
    race = races().newest(owner)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _buttons(race, owner)
    asked, problem = st.session_state.get("fit:problem", ((), ""))
    if problem and asked == _asked():
        st.error(problem)
    if race is None:
        quiet("Nothing has been trained here yet.")
        return
    draw_race(race, _train_on_all)
    if race.running != ticking:
        st.rerun()  # into the ticking fragment, or out of it


def _buttons(race: LiveRace | None, owner: str) -> None:
    running = race is not None and race.running
    if st.button("Train all side by side", type="primary", disabled=running, key="fit:start"):
        _start(owner)
    if not running or race is None:
        return
    label = "End now" if race.state in ("stopping", "refitting") else "Cancel"
    tell = "Ends the process at once; what is done stays." if label == "End now" else "What is done stays."
    st.button(label, key="fit:stop", on_click=whole(race.stop), help=tell)


def _start(owner: str) -> None:
    try:
        problem = races().start(_request(), owner)
    except (UnfitData, ValueError) as found:
        problem = str(found)
    st.session_state["fit:problem"] = _asked(), problem
    st.rerun()


def _train_on_all(slug: str) -> None:
    """Begin to train one network of the ended race on all rows."""
    st.session_state["fit:problem"] = _asked(), races().refit(session.owner(), slug)
