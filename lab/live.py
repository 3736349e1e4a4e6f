"""The live part of a page: Train, Pause, Step, Reset, Stop; the stage; progress; what a person may do with the run.

One run is shown at a time. It is found in this order: the run in the address, the run that trains, the stored run of
these very settings, and otherwise the untrained network, prepared and waiting.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from lab import compare, session
from lab.clicks import whole
from lab.components.stage import Status, stage
from lab.controls import Controls
from lab.engine.messages import FINAL
from lab.first_picture import fill
from lab.frame import folded, quiet, seen
from lab.provenance import provenance_line
from lab.shown_run import ShownRun
from models.configs import Config

TICK_SECONDS = 0.07  # between two looks; watched runs give a picture every 0.09 s
UNWATCHED_TICK_SECONDS = 0.4  # at full speed nobody can follow, and the training should have the processor
HEARTBEAT_SECONDS = 10.0
FIRST_PICTURE_SECONDS = 2.0
STAGE_HEIGHT = 530
PACES = {"Slow": 0.5, "Watch": 0.09, "Full speed": 0.0}

Payload = Callable[[ShownRun, ShownRun | None], dict[str, Any]]


class Live:
    """The runs of one family on one page."""

    def __init__(self, controls: Controls, payload: Payload, owner: str = "") -> None:
        self.controls, self.family, self._payload = controls, controls.family, payload
        self.engine, self.owner = session.engine(), owner or session.owner()
        self.config: Config = controls.config()
        self.run: ShownRun | None = self._find()
        self._steer()

    # ---- which run is shown ----

    @property
    def run(self) -> ShownRun | None:
        """The shown run, kept in the session."""
        found: ShownRun | None = st.session_state.get(f"{self.family}:shown")
        return found

    @run.setter
    def run(self, run: ShownRun | None) -> None:
        st.session_state[f"{self.family}:shown"] = run

    def _find(self) -> ShownRun | None:
        """Keep the run while it trains and as long as nobody turns a control after its end."""
        run, wanted = self.run, self.config.model_dump(mode="json")
        untouched = st.session_state.get(f"{self.family}:wanted") == wanted
        st.session_state[f"{self.family}:wanted"] = wanted
        if run is not None and (run.active or run.config == wanted or (run.final and untouched)):
            return run
        return self._stored() or self._prepared()

    def _stored(self) -> ShownRun | None:
        summary = session.store().find(self.family, self.config.digest())
        return session.stored_run(summary.run_id) if summary is not None else None

    def _prepared(self) -> ShownRun:
        values = self.config.model_dump(mode="json")
        run = ShownRun("", self.family, values, "live")
        fill(run)
        run.run_id = self.engine.prepare(self.family, values, self.owner)
        return run

    def _steer(self) -> None:
        """Pass a changed learning rate on to the run that trains."""
        run, wanted = self.run, getattr(self.config, "learning_rate", None)
        if run is None or wanted is None or run.state not in ("running", "paused"):
            return
        if self._only_learning_rate_differs(run) and abs(run.learning_rate - wanted) > 1e-12:
            self.engine.set_learning_rate(run.run_id, wanted)
            run.learning_rate = wanted

    def _only_learning_rate_differs(self, run: ShownRun) -> bool:
        wanted = self.config.model_dump(mode="json")
        return {**run.config, "learning_rate": 0} == {**wanted, "learning_rate": 0}

    @property
    def waits_for_train(self) -> bool:
        """Whether the controls say something else than the run that is shown."""
        run = self.run
        return run is not None and (run.active or run.final) and not self._only_learning_rate_differs(run)

    # ---- the buttons ----

    def transport(self, more: Callable[[], None]) -> None:
        """Draw the buttons; they keep their places in every state. more: draws the popover of further settings."""
        run, state = self.run, self.run.state if self.run else ""
        names = {
            "running": "Pause",
            "paused": "Resume",
            "queued": "Waiting",
            "stopping": "Stopping",
            "saving": "Saving",
        }
        again = run is not None and run.final and run.step > 0
        name = names.get(state, "Train again" if again else "Train")
        busy = state in ("queued", "stopping", "saving")
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="transport"):
            st.button(name, type="primary", on_click=self._go, disabled=busy, key=f"{self.family}:go", width=130)
            st.button("Step", on_click=self._step, disabled=busy or state == "running", key=f"{self.family}:step",
                      help="One piece of training, then hold.")  # fmt: skip
            st.button("Reset", on_click=self._reset, disabled=busy, key=f"{self.family}:reset",
                      help="Back to the untrained weights. The same seed gives the same weights.")  # fmt: skip
            st.button("Stop", on_click=self._stop, disabled=state not in ("queued", "running", "paused"),
                      key=f"{self.family}:stop", help="End this run; what it recorded is kept.")  # fmt: skip
            st.segmented_control("Speed", list(PACES), key=f"{self.family}:pace", default="Watch", required=True,
                                 on_change=self._set_pace, label_visibility="collapsed")  # fmt: skip
            more()
            if not folded():
                self._keep()

    def _pace(self) -> float:
        return PACES.get(st.session_state.get(f"{self.family}:pace") or "Watch", 0.0)

    @whole
    def _set_pace(self) -> None:
        if self.run is not None and self.run.active:
            self.engine.set_pace(self.run.run_id, self._pace())

    @whole
    def _go(self) -> None:
        state = self.run.state if self.run else ""
        if state == "running" and self.run:
            self.engine.pause(self.run.run_id)
        elif state == "paused" and self.run:
            self.engine.resume(self.run.run_id)
        else:
            self._start(paused=False)
        self._refresh()

    def _start(self, paused: bool) -> None:
        self.config = self.controls.config()
        values, pace = self.config.model_dump(mode="json"), self._pace()
        run_id = self.engine.start(self.family, values, self.owner, pace, paused)
        self.run = ShownRun(run_id, self.family, values, "live", state="paused" if paused else "running")

    @whole
    def _step(self) -> None:
        if self.run is None or self.run.state != "paused":
            self._start(paused=True)
        assert self.run is not None
        self.engine.step(self.run.run_id)
        self._refresh()

    @whole
    def _reset(self) -> None:
        if self.run is not None and self.run.active:
            self.engine.stop(self.run.run_id)
        self.run = self._prepared()

    @whole
    def _stop(self) -> None:
        if self.run is not None:
            self.engine.stop(self.run.run_id)
            self._refresh()

    def _refresh(self) -> None:
        if self.run is not None and self.run.origin == "live" and not self.run.final:
            self.run.update(self.engine.poll(self.run.run_id, self.run.cursor, self.owner))

    # ---- keep, share, compare ----

    def _keep(self) -> None:
        run = self.run
        with st.popover("Keep and compare", width="content"):
            others = [one for one in session.store().list(self.family) if run is None or one.run_id != run.run_id]
            names = {one.run_id: describe(one.config, self.controls.config_class, one.created) for one in others[:40]}
            key, chosen = f"{self.family}:overlay", st.session_state.get(self._compared_key)
            if chosen and chosen not in names:
                names[chosen] = chosen
            st.session_state[key] = chosen
            st.selectbox("Lay another run over the curves", [None, *names], key=key, on_change=self._lay_over,
                         format_func=lambda run_id: names.get(run_id, "none"))  # fmt: skip
            if run is not None and run.final and run.step:
                name = run.run_id
                st.download_button("Download this run", data=lambda: session.store().zip(name), on_click="ignore",
                                   file_name=f"{name}.zip", mime="application/zip")  # fmt: skip
                quiet("A ZIP file: settings, metrics, the arrays behind the pictures, weights, versions.")
            quiet("The address of this page holds all settings, the run and the one laid over it: copy it to share.")

    @property
    def _compared_key(self) -> str:
        """Where the session keeps the run that is laid over; the widget may not be drawn."""
        return f"{self.family}:compared"

    def _lay_over(self) -> None:
        st.session_state[self._compared_key] = st.session_state.get(f"{self.family}:overlay")

    def overlay(self) -> ShownRun | None:
        """Return the run chosen for comparison."""
        run_id = st.session_state.get(self._compared_key)
        return session.stored_run(run_id) if run_id else None

    # ---- the live picture ----

    def show(self) -> None:
        """Draw status, progress and stage; while something happens, ten times a second."""
        run = self.run
        assert run is not None
        holds = run.state == "prepared" or (run.state == "paused" and not run.stepping)
        waits = holds or run.final or run.origin != "live"
        st.fragment(self._tick, run_every=None if waits else self._tick_seconds())()
        provenance = provenance_line(run)  # not in the fragment: less to send ten times a second
        other = self.overlay()
        if other is not None:
            provenance += f"<br>{compare.told(run, other)}"
        st.html(f'<p class="provenance">{provenance}</p>')
        with st.container():  # there in every state: one element more or less, and the browser builds all below anew
            if waits and self._opened(run):
                st.fragment(self._heartbeat, run_every=HEARTBEAT_SECONDS)()
        named = run.run_id if run.state != "preparing" and self._named(run) else ""
        compared = other.run_id if other else ""
        self.controls.write_address(run=named, compare=compared)
        st.session_state[_said_key(self.family)] = compared

    def _opened(self, run: ShownRun) -> bool:
        """Whether the first screen stands: until then nothing is compiled that it does not show."""
        return run.origin == "live" or f"{self.family}:opened" in st.session_state

    def _tick_seconds(self) -> float:
        run = self.run
        at_full_speed = self._pace() == 0.0 and run is not None and run.state == "running" and run.moments
        return UNWATCHED_TICK_SECONDS if at_full_speed else TICK_SECONDS

    def _named(self, run: ShownRun) -> bool:
        """Whether the address should name this run: those that trained here, not the untrained and the examples."""
        return run.active or (run.final and run.origin != "example")

    def _heartbeat(self) -> None:
        """Keep a paused run alive, or a compiled process waiting for Train, as long as the page is open."""
        run = self.run
        if run is not None and run.state == "paused":
            self.engine.poll(run.run_id, run.cursor, self.owner)
            return
        just_trained = run is not None and run.final and run.origin == "live"  # its own process still answers
        if run is not None and run.state != "failed" and not run.active and not just_trained:
            self.engine.prepare(self.family, self.controls.config().model_dump(mode="json"), self.owner)

    def _tick(self) -> None:
        run = self.run
        if run is None:
            return
        before, stepping = run.state, run.stepping
        if run.origin == "live" and not run.final:
            self._listen(run)
        drawn = self._drawn(run) if run.moments and "data" in run.facts else None
        stage(drawn, key=f"{self.family}:stage", status=self._status(run), height=STAGE_HEIGHT)
        settled = run.final or run.state in ("prepared", "paused")
        if settled and (run.state != before or (stepping and not run.stepping)):
            st.rerun()

    def _drawn(self, run: ShownRun) -> dict[str, Any]:
        """Return the stage's data; that of a run which has ended is kept, since it is drawn again with every click."""
        overlay = self.overlay()
        if not run.final or len(run.moments) < 2:
            return self._payload(run, overlay)
        return payload_of_ended(run.run_id, overlay.run_id if overlay else "", self._payload, run, overlay)

    def _listen(self, run: ShownRun) -> None:
        """Poll; a run without a picture yet gets a moment to draw its first one, so that the stage does not blink."""
        until = time.monotonic() + FIRST_PICTURE_SECONDS
        while True:
            progress = self.engine.poll(run.run_id, run.cursor, self.owner)
            if progress.state == "unknown":
                self._lost(run)
                return
            run.update(progress)
            if run.moments or run.final or run.state == "queued" or time.monotonic() > until:
                break
            time.sleep(0.02)
        if run.final and len(run.rows) > 1:
            self.run = session.stored_run(run.run_id, "live") or run
            self.run.state = run.state

    def _lost(self, run: ShownRun) -> None:
        stored = session.stored_run(run.run_id, "live")
        if stored is not None:
            self.run = stored
        elif run.active:
            run.state, run.message = "failed", "The engine was restarted and this run was lost. Train it again."
        else:
            self.run = self._prepared()
        st.rerun()

    def _status(self, run: ShownRun) -> Status:
        """Say what happens and how far it is; always there, so that nothing jumps."""
        share = min(1.0, run.step / run.total_steps) if run.active or run.final else 0.0
        return Status(status_line(run, self.waits_for_train), share)


def arrive(controls: Controls) -> None:
    """Open the run that the address names, with its settings; call before the widgets are drawn."""
    _arrive_compared(controls.family)
    run_id = controls.arrived_run()
    if not run_id:
        return
    run = _attached(run_id, controls.family)
    if run is None:
        st.toast("The run in this address is not stored here. Train makes the same one from the same settings.")
        return
    controls.set(run.config)
    st.session_state[f"{controls.family}:shown"] = run


def _said_key(family: str) -> str:
    """Where the session keeps what the address said last of the run to compare with."""
    return f"{family}:compared said"


def _arrive_compared(family: str) -> None:
    """Lay the run that the address names over the curves, once for each address."""
    said = seen().compare
    if not said or said == st.session_state.get(_said_key(family)):  # the latter was written by this page itself
        return
    found, sentence = compare.find(session.store(), family, said)
    st.session_state[f"{family}:compared"] = found.run_id if found else None
    if sentence:
        st.session_state[f"{family}:notes"]["compare"] = sentence.rstrip(".")  # the note adds its own


def _attached(run_id: str, family: str) -> ShownRun | None:
    """Return a run that trains now, or a stored one; None where there is none of this id and family."""
    progress = session.engine().poll(run_id, 0, session.owner())
    if progress.state in ("unknown", *FINAL):
        stored = session.stored_run(run_id)
        return stored if stored is not None and stored.family == family else None
    run = ShownRun(run_id, progress.family, dict(progress.config), "live")
    run.update(progress)
    return run if run.family == family else None


@st.cache_resource(max_entries=12, show_spinner=False)
def payload_of_ended(
    run_id: str, overlay_id: str, _payload: Payload, _run: ShownRun, _overlay: ShownRun | None
) -> dict[str, Any]:
    return _payload(_run, _overlay)


def status_line(run: ShownRun, waits: bool = False) -> str:
    """Return what happens to a run, in a sentence."""
    if run.active and "total_steps" not in run.facts and run.state != "queued":
        return "Building and compiling the network."
    done = f"step {run.step:,} of {run.total_steps:,}"
    lines = {
        "queued": f"All places are taken. You are number {run.position} in the queue; the run starts by itself.",
        "preparing": "Building and compiling the network.",
        "prepared": "Untrained. The weights are what the seed gave them.",
        "running": f"Training: {done}{_left(run)}.",
        "paused": f"Paused at {done}.",
        "stopping": "Stopping.",
        "saving": "Storing what was recorded.",
        "finished": f"Trained: {done}. {run.message}",
        "stopped": run.message or f"Stopped at {done}.",
        "failed": run.message,
    }
    hint = " The settings have changed: they count from the next Train on." if waits else ""
    return (lines.get(run.state, "") + hint).strip()


def _left(run: ShownRun) -> str:
    """Return the training time left, from the pace of the steps so far."""
    if run.step <= 0 or not run.seconds:
        return ""
    left = run.seconds / run.step * (run.total_steps - run.step)
    return f", {left:.1f} s of computing left" if left >= 0.1 else ""


def describe(config: Mapping[str, Any], config_class: type[Config], created: str) -> str:
    """Return a stored run in a few words: what differs from the defaults, and when it was made."""
    known = {name: value for name, value in config.items() if name in config_class.model_fields}
    changed = config_class.forgiving(known)[0].changes()
    extra: dict[str, Any] = {name: config_class.model_fields[name].json_schema_extra or {} for name in changed}
    labels = {name: str(extra[name].get("label", name)) for name in changed}
    words = ", ".join(f"{labels[name]} {value}" for name, value in changed.items() if name not in ("upload",))
    return f"{words or 'default settings'} · {created[:16].replace('T', ' ')}"
