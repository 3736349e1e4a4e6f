"""The ledger of claims: each with its verdict, its numbers, where it is made, and a button that measures it again."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from lab import frame
from lab.catalog import BY_SLUG, ROOT
from lab.charts import evidence_effects
from lab.experiments import Experiments, LiveExperiment
from lab.frame import quiet
from lab.ledger import VERDICTS, Entry, entries, provenance
from lab.noticing import notice

COLOURS = {"holds": "green", "holds with limits": "blue", "does not hold": "orange", "not measured": "gray"}
TICK_SECONDS = 1.0
ALL = "All pages"
HOW_TO_READ = (
    "Each stroke is a seed, the dot their mean, the band the 95 % interval of the mean, the dashed line the bound. "
    "A claim holds if every band lies beyond its line; a limit narrows it if its band does. Orange diamonds were "
    "measured just now."
)


@st.cache_resource(show_spinner=False)
def experiments() -> Experiments:
    """Return the experiments of this web process."""
    return Experiments()


def open_ledger(title: str, idea: str) -> None:
    """Draw the frame, the head, and how many claims hold."""
    frame.open_frame("evidence")
    found = entries()
    counts = Counter(entry.verdict for entry in found)
    told = ", ".join(f"{counts[one]} {_plural(one, counts[one])}" for one in VERDICTS if counts[one])
    st.html(
        f'<div class="page-head"><h1>{title}</h1><p>{idea}</p>'
        f'<p class="origin">{len(found)} claims: {told}. Counted from the stored results.</p></div>'
    )


def _plural(verdict: str, count: int) -> str:
    words = {"holds": "hold", "holds with limits": "hold with limits", "does not hold": "do not hold"}
    return verdict if count == 1 else words.get(verdict, verdict)


def passage(title: str, text: str) -> None:
    """Draw a section of words."""
    st.html(f'<div class="section-head"><h2>{title}</h2></div>')
    with st.container(width=720):
        st.write(text)


def commands(title: str, text: str, lines: Sequence[str]) -> None:
    """Draw commands to copy."""
    passage(title, text)
    st.code("\n".join(lines), language="bash")


def ledger() -> None:
    """Draw the filters and the claims that pass them; one named in the address is open."""
    named = st.query_params.get("claim", "").replace("-", "_")
    found = entries()
    slugs = [slug for slug in BY_SLUG if any(slug in entry.claim.pages for entry in found)]
    left, right = st.columns((2, 1), vertical_alignment="bottom")
    wanted = left.pills("Verdict", [one for one in VERDICTS if any(entry.verdict == one for entry in found)],
                        selection_mode="multi", key="evidence:verdict")  # fmt: skip
    page = right.selectbox("Made on", [ALL, *slugs], key="evidence:page",
                           format_func=lambda slug: BY_SLUG[slug].title if slug in BY_SLUG else slug)  # fmt: skip
    if named and all(entry.name != named for entry in found):
        st.warning(f"There is no claim named {named.replace('_', '-')[:60]}. Here are all of them.")
    shown = [entry for entry in found if (not wanted or entry.verdict in wanted) and page in (ALL, *entry.claim.pages)]
    numbers = _numbers(found)
    for entry in shown:
        _claim(entry, numbers[entry.name], entry.name == named)
    if not shown:
        quiet("No claim passes both filters. Take one of them away.")


def _numbers(found: Sequence[Entry]) -> dict[str, str]:
    """Return each claim's number by its name, with a letter where several claims share one statement."""
    shared, seen = Counter(entry.claim.number for entry in found), Counter[int]()
    numbers = {}
    for entry in found:
        number = entry.claim.number
        numbers[entry.name] = f"{number}{chr(ord('a') + seen[number])}" if shared[number] > 1 else str(number)
        seen[number] += 1
    return numbers


def _claim(entry: Entry, number: str, at_once: bool) -> None:
    label = f":{COLOURS[entry.verdict]}-badge[{entry.verdict}] **{number}.** {entry.claim.statement}"
    on_a_slide = frame.presenting() and bool(entry.results)  # measured claims are slides, the others one list
    box = st.expander(label, expanded=at_once or on_a_slide, key=f"evidence:{entry.name}", on_change="rerun")
    if box.open:
        with box:
            st.fragment(_inside)(entry)


def _inside(entry: Entry) -> None:
    """Draw one claim: experiment, picture, provenance, pages, and the buttons."""
    live = experiments().newest(entry.name)
    if live is not None and live.state == "running":
        st.fragment(_opened, run_every=TICK_SECONDS)(entry)
    else:
        _opened(entry)


def _opened(entry: Entry) -> None:
    live = experiments().newest(entry.name)
    st.html(f"<p><b>Experiment, for each seed.</b> {entry.claim.experiment}</p>")
    if entry.results:
        rows = live.told.get("rows", []) if live else []
        chart = evidence_effects.effects(entry.results, entry.measured.rows, rows)
        st.altair_chart(chart, width="stretch", alt=evidence_effects.alt_text(entry.results))
        notice(HOW_TO_READ)
        older = "" if entry.fresh else " The experiment's code has changed since; measure it again."
        st.html(f'<p class="provenance"><span class="tag">Stored</span>{provenance(entry)}.{older}</p>')
    else:
        quiet("Not measured yet on this machine.")
    _run_now(entry, live)
    _where(entry)


def _run_now(entry: Entry, live: LiveExperiment | None) -> None:
    running = live is not None and live.state == "running"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Run it now", key=f"evidence:run {entry.name}", disabled=running,
                     help="The quick form: few seeds, shorter trainings."):  # fmt: skip
            if problem := experiments().start(entry.name):
                st.warning(problem)
            else:
                st.rerun(scope="fragment")
        if running and st.button("Stop", key=f"evidence:stop {entry.name}"):
            experiments().stop(entry.name)
        if live is not None:
            quiet(_told(live))
    if live is not None and live.state != "running" and not st.session_state.get(f"evidence:seen {id(live)}"):
        st.session_state[f"evidence:seen {id(live)}"] = True
        st.rerun()  # out of the ticking fragment


def _told(live: LiveExperiment) -> str:
    """Say how a live experiment stands, beside the stored numbers."""
    if live.state == "running":
        return f"Measuring, {live.seconds:.0f} s so far."
    if live.problem:
        return live.problem
    effects = live.told["effects"]
    first = effects[0]
    return (
        f"Live, quick form, {len(live.told['rows'])} seeds, {live.seconds:.0f} s: {first['effect'].replace('_', ' ')} "
        f"{first['mean']:.3g}."
    )


def _where(entry: Entry) -> None:
    with st.container(horizontal=True, gap="small"):
        for slug in entry.claim.pages:
            if BY_SLUG[slug].built:
                st.page_link(f"pages/{slug}.py", label=BY_SLUG[slug].title)
    seeds, code = st.tabs(["Every seed", "The experiment's code"])
    with seeds:
        if entry.measured.rows:
            st.dataframe([_plain(row) for row in entry.measured.rows], hide_index=True,
                         alt=f"The numbers of {len(entry.measured.rows)} seeds. {entry.claim.statement}")  # fmt: skip
        st.code(f"python -m evidence {entry.name.replace('_', '-')}", language="bash")
    with code:
        st.code((ROOT / "evidence" / f"{entry.name}.py").read_text(encoding="utf-8"))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if isinstance(value, int | float)}
