"""The seven sections of every page, in their order: idea, controls, train, inside, breaks, leads on, code."""

import ast
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lab import frame, session
from lab.catalog import BY_SLUG, ROOT
from lab.charts.thumbnail import thumbnail
from lab.components.early import fetch_stage_first
from lab.components.scroll import scroll_to_top
from lab.controls import Controls
from lab.controls_text import to_query
from lab.drawing import ask_network
from lab.frame import quiet
from lab.glossary import explained
from lab.ledger import cited_by, cited_list
from lab.lessons import take_home
from lab.live import Live, Payload, arrive
from lab.shown_run import ShownRun
from models.base import Failure
from models.configs import CONFIGS
from models.presets import FAILURES, PRESETS, Preset

GO_ON_SECONDS = 1.0
PAINT_SECONDS = 0.15
OWN_SETTINGS = "Own settings: change anything, then press Train."
SCORES = {  # what a failure is judged by, in words; the others are called as they are
    "test_r2": "R²",
    "test_auc": "area under ROC curve",
    "test_exact": "whole answers right",
    "test_explained": "share of the spread",
    "test_moved": "right when moved",
    "test_samples": "digits met",
    "test_trust": "trustworthiness",
    "test_used": "experts in use",
}
Result = Callable[[ShownRun, list[Any]], Any]
Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Picture:
    """One picture of "inside the network": draw(run, view) returns an Altair chart, or None where it does not apply.

    alt: the text alternative; notice: what to notice, as words or as notice(run, view) where it has numbers of the run;
    wide: takes the whole width.
    """

    title: str
    draw: Callable[[ShownRun, Any], Any]
    alt: str
    notice: str | Callable[[ShownRun, Any], str]
    wide: bool = False


class Page:
    """One family's page. The page's file says the words and their order; everything is computed elsewhere."""

    def __init__(self, slug: str, payload: Payload, labels: Labels | None = None) -> None:
        self.stop, self.family, self.labels = BY_SLUG[slug], slug, labels or {}
        frame.open_frame(slug)
        fetch_stage_first()
        self.controls = Controls(CONFIGS[self.family])
        arrive(self.controls)
        self._payload = payload
        self._waited = False
        self._known_words: set[str] = set()
        self.live: Live

    # ---- the first screen ----

    def idea(self, sentence: str) -> None:
        """Draw the head: name, idea in one sentence, origin."""
        head, presets = st.columns((1.7, 1), vertical_alignment="top", gap="large")
        head.html(
            f'<div class="page-head"><h1>{self.stop.title}</h1><p>{explained(sentence, self._known_words)}</p>'
            f'<p class="origin">{self.stop.origin}</p></div>'
        )
        with presets, st.container(gap="xsmall"):
            active = self._presets()
            st.html(f'<p class="quiet reason">{active.reason if active else OWN_SETTINGS}</p>')

    def first_screen(
        self,
        main: Sequence[str],
        advanced: Sequence[str],
        own_data: Callable[..., None] | None = None,
        beside: Callable[[Controls], None] | None = None,
        above: Callable[[Controls], None] | None = None,
    ) -> None:
        """Draw presets, controls, buttons, and the live stage with its provenance.

        own_data, beside: draw buttons of their own beside More settings, for a visitor's data and for what only this
        family has; above: draws over the buttons what has to be waited for, such as a download.
        """
        self.controls.show_notes()
        if not frame.folded():
            self._rows(main, 6)
        self._main, self._advanced = main, advanced
        self._buttons = [one for one in (own_data, beside) if one is not None]
        if above is not None:
            above(self.controls)
        self.live = Live(self.controls, self._payload)
        self.live.transport(self._more_settings)
        self.live.show()
        self._first_screen_first()
        self._let_it_be_painted()

    def _let_it_be_painted(self) -> None:
        """Hold what comes below the first picture of another run back for a moment.

        A browser draws what it gets in one go: with ten charts right behind it, the picture would come a third of a
        second later.
        """
        key = f"{self.family}:painted"
        if self.run.moments and st.session_state.get(key) not in (None, self.run.run_id):
            time.sleep(PAINT_SECONDS)
        st.session_state[key] = self.run.run_id

    def _first_screen_first(self) -> None:
        """When a page is opened, send its first screen alone and everything below it a moment later.

        A browser draws what it gets in one go: with the charts below in the same message, the first picture would come
        two seconds later.
        """
        key = f"{self.family}:opened"
        if key not in st.session_state:
            st.session_state[key] = True
            if frame.seen().slide > 1:  # the address asks for what comes below
                return
            st.fragment(self._go_on, run_every=GO_ON_SECONDS)()
            st.stop()

    def _go_on(self) -> None:
        if self._waited:
            st.rerun()
        self._waited = True

    def _rows(self, names: Sequence[str], across: int) -> None:
        for start in range(0, len(names), across):
            self.controls.widgets(names[start : start + across], self.labels)

    def _more_settings(self) -> None:
        """Draw what goes beyond the first screen; on slides all settings are behind one button."""
        if frame.hidden("controls"):
            return
        presenting = frame.presenting()
        with st.popover("Settings" if presenting else "More settings", width="content"):
            self._rows((*self._main, *self._advanced) if presenting else self._advanced, 3)
            st.button("All settings back to their defaults", on_click=self.controls.set, args=({},),
                      key=f"{self.family}:defaults")  # fmt: skip
        for button in () if presenting else self._buttons:
            button(self.controls)

    def _presets(self) -> Preset | Failure | None:
        """Draw the choice of a preset; return the one that the settings are."""
        good = [(preset.title, preset) for preset in PRESETS.get(self.family, ())]
        bad = [(f"Fails: {failure.title}", failure) for failure in FAILURES.get(self.family, ())]
        chosen: Mapping[str, Preset | Failure] = dict([*good, *bad])
        key = f"{self.family}:preset"

        def apply() -> None:
            if preset := chosen.get(str(st.session_state.get(key))):
                self.controls.set(preset.settings)

        st.selectbox("Preset", list(chosen), index=None, key=key, on_change=apply, placeholder="Choose a preset",
                     label_visibility="collapsed")  # fmt: skip
        return self._matching(chosen)

    def _matching(self, chosen: Mapping[str, Preset | Failure]) -> Preset | Failure | None:
        changes = self.controls.config().changes()
        fitting = (one for one in chosen.values() if CONFIGS[self.family](**one.settings).changes() == changes)
        return next(fitting, None)

    @property
    def run(self) -> ShownRun:
        """The run that the page shows."""
        assert self.live.run is not None
        return self.live.run

    # ---- the sections below ----

    def section(self, title: str, text: str = "") -> None:
        """Draw the head of a section."""
        told = f"<p>{explained(text, self._known_words)}</p>" if text else ""
        st.html(f'<div class="section-head"><h2>{title}</h2>{told}</div>')

    def inside(self, text: str, pictures: Sequence[Picture]) -> None:
        """Draw what the network has inside, at the recorded step that the visitor chooses."""
        self.section("Inside the network", text)
        run = self.run
        if not run.moments or "data" not in run.facts:
            quiet("The pictures appear with the first snapshot.")
            return
        place = self._recorded_step(run)
        view = run.view(place)
        drawn = [(picture, picture.draw(run, view)) for picture in pictures]
        drawn = [(picture, chart) for picture, chart in drawn if chart is not None]
        waiting: list[Any] = []
        for picture, chart in drawn:
            if picture.wide:
                self._picture(picture, chart, view)
                continue
            if not waiting:
                waiting = list(st.columns(2, gap="large"))
            with waiting.pop(0):
                self._picture(picture, chart, view)
        self.anatomy()

    def measured(self, text: str, pictures: Sequence[Picture]) -> None:
        """Draw what needed many trainings: stored results of a command, the same whatever run is shown."""
        drawn = [(picture, picture.draw(self.run, None)) for picture in pictures]
        drawn = [(picture, chart) for picture, chart in drawn if chart is not None]
        if drawn:
            self.section("Measured over many runs", text)
        columns: list[Any] = []
        for picture, chart in drawn:
            columns = columns or list(st.columns(2, gap="large"))
            with columns.pop(0):
                self._picture(picture, chart, None)

    def anatomy(self) -> None:
        """Draw the layers of the Keras model with their parameter counts and how these arise."""
        layers = self.run.facts.get("layers", [])
        if not layers:
            return
        st.html(f'<p class="picture-title">Layer by layer: {self.run.facts["parameters"]:,} parameters</p>')
        st.table(
            [
                {
                    "Layer": layer["name"],
                    "Keras layer": layer["kind"],
                    "Output": " × ".join(str(size) for size in layer["shape"]),
                    "Parameters": f"{layer['formula']} = {layer['parameters']:,}" if layer["formula"] else "none",
                }
                for layer in layers
            ]
        )

    def _recorded_step(self, run: ShownRun) -> int:
        steps = [step for step, _ in run.moments]
        if len(steps) < 2:
            return -1
        chosen = st.select_slider("Recorded step", steps, value=steps[-1], key=f"{run.run_id}:inside",
                                  format_func=lambda step: f"{step:,}")  # fmt: skip
        return steps.index(chosen)

    def _picture(self, picture: Picture, chart: Any, view: Any) -> None:
        st.html(f'<p class="picture-title">{picture.title}</p>')
        st.altair_chart(chart, width="stretch", alt=picture.alt)
        notice = picture.notice if isinstance(picture.notice, str) else picture.notice(self.run, view)
        st.html(f'<p class="notice"><b>Notice.</b> {explained(notice, self._known_words)}</p>')

    def ask(self, text: str, asking: Callable[[ShownRun], None] = ask_network) -> None:
        """Let the visitor ask the shown network about one example. asking: a family's own way to draw the answer."""
        self.section("Ask the network", text)
        st.fragment(asking)(self.run)

    def breaks(self, text: str, result: Result) -> None:
        """Draw the failures of the family: what stored runs show, a button for the failing setting, one for the repair.

        result: the family's function for the panel that shows what the network makes of its data.
        """
        self.section("Where it breaks", text)
        columns: list[Any] = []
        for place, failure in enumerate(FAILURES.get(self.family, ())):
            # Row by row, so that phones and slides keep the order.
            columns = columns or list(st.columns(3, gap="medium"))
            with columns.pop(0), st.container(border=True, height="stretch"):
                st.html(f'<p class="picture-title">{failure.title}</p>')
                st.write(failure.reason)
                kinds = [("fails", "See it fail", failure.settings)]
                if failure.repair:
                    kinds.append(("repaired", "See the repair", {**failure.settings, **failure.repair}))
                for column, (kind, button, settings) in zip(st.columns(2), kinds, strict=False):
                    with column:
                        self._stored_end(settings, failure.metric, kind, result)
                        st.button(button, on_click=self.show, args=(settings,), key=f"{self.family}:{kind}:{place}",
                                  width="stretch")  # fmt: skip
        if turn := st.session_state.get("scroll", 0):
            scroll_to_top(turn)

    def show(self, settings: Mapping[str, Any]) -> None:
        """Take over settings and bring the first screen into view, where they show."""
        self.controls.set(settings)
        st.session_state["scroll"] = st.session_state.get("scroll", 0) + 1

    def _stored_end(self, settings: Mapping[str, Any], metric: str, kind: str, result: Result) -> None:
        """Draw how the stored run of these settings ended: its picture and its score."""
        family = CONFIGS[self.family]
        stored = session.store().find(self.family, family(**settings).digest())
        if stored is None:
            return
        picture = _thumbnail(stored.run_id, result)
        value = stored.last.get(metric)
        if picture is not None:
            st.html(f'<img class="thumbnail" src="{picture}" alt="What the stored run shows that {kind}">')
        st.html(f'<p class="provenance">Stored: {SCORES.get(metric, metric.removeprefix("test_"))} {_score(value)}</p>')

    def proven(self) -> None:
        """List the claims that this page makes, each with its verdict and the way to its experiment."""
        if cited := cited_by(self.stop.slug):
            self.section("What is proven", "Each claim of this page, with the verdict of its experiment.")
            st.html(cited_list(cited))

    def leads_on(self, text: str, following: str) -> None:
        """Draw what is proven of this architecture, and why it leads to the next one."""
        self.proven()
        self.section("Why this leads on", "")
        st.write(text)
        stop = BY_SLUG[following]
        if stop.built:
            kept = {"present": "1"} if frame.presenting() else None
            with st.container(key="onward"):
                st.page_link(f"pages/{stop.slug}.py", label=f"On to: {stop.title}", query_params=kept)
        else:
            quiet(f"Next on the road: {stop.title}. {stop.idea}")

    def code(self, text: str, names: Sequence[str]) -> None:
        """Show functions of the family's source file: the code that ran, taken from the file itself."""
        self.section("The code", text)
        path = f"models/{self.family}.py"
        source = (ROOT / path).read_text(encoding="utf-8")
        config = self.run.settings
        changed = ", ".join(f"{name}={value!r}" for name, value in config.changes().items())
        head = f"# {path}, with {type(config).__name__}({changed})"
        parts = excerpts(source, names)
        if frame.presenting():  # a function fits on a slide, a file does not
            for name, part in zip(names, parts, strict=True):
                st.html(f'<p class="picture-title">{name}</p>')
                st.code(f"{head}\n\n{part}", wrap_lines=True)
        else:
            st.code("\n\n".join([head, "\n\n\n".join(parts)]))
        words = [shlex.quote(f"{name}={value}") for name, value in to_query(config).items()]
        quiet("The same run without a browser:")
        st.code(" ".join(["python -m lab train", self.family, *words]), language="bash")
        self.take_home()

    def take_home(self) -> None:
        """Draw exercises that this page answers, and what a visitor may take home of the shown run."""
        self.section("Try it yourself", "Guess first, then let the page show it. The answer is folded until you ask.")
        take_home.exercises(self.family, self.show)
        self.section("Take it home", take_home.ABOUT)
        take_home.downloads(self.run)


def _score(value: float | None) -> str:
    if value is None:
        return "not a number"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.0005 else "0"


@st.cache_data(max_entries=200, show_spinner=False)
def _thumbnail(run_id: str, _result: Result) -> str | None:
    """Return a picture as a data URI: a file of Streamlit's own may be gone when a fast rerun overtakes the browser."""
    return thumbnail(ShownRun.from_record(session.store().open(run_id)), _result)


def excerpts(source: str, names: Sequence[str]) -> list[str]:
    """Return the text of top-level functions and classes of a source, in the order of `names`. Raises KeyError."""
    lines = source.splitlines()
    found = {
        node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    return [found[name] for name in names]
