"""What the page on gradient flow adds to the seven sections: stacks over each other, time as depth, depth trained."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lab import session
from lab.catalog import ROOT
from lab.charts import gradient_flow_compare as charts
from lab.first_picture import keeper, waiting
from lab.frame import quiet
from lab.noticing import notice
from lab.page import Page
from lab.shown_run import ShownRun

STACKS: dict[str, dict[str, Any]] = {
    "sigmoid": {"connection": "plain"},
    "tanh": {"connection": "plain", "activation": "tanh"},
    "ReLU, He": {"connection": "plain", "activation": "relu", "initialization": "he_normal"},
    "SELU, LeCun": {"connection": "plain", "activation": "selu", "initialization": "lecun_normal"},
    "sigmoid with plus": {"connection": "residual"},
    "sigmoid, highway": {"connection": "highway"},
    "GELU, He": {"connection": "plain", "activation": "gelu", "initialization": "he_normal"},
    "ReLU, Glorot": {"connection": "plain", "activation": "relu"},
    "ReLU, batch normalization": {
        "connection": "plain", "activation": "relu", "initialization": "he_normal", "normalization": "batch",
    },
    "ReLU with plus, He": {"activation": "relu", "initialization": "he_normal"},
    "as in a Transformer": {"activation": "gelu", "normalization": "layer"},
}  # fmt: skip
FIRST_SHOWN = list(STACKS)[:6]
MOST = 8


@dataclass(frozen=True)
class Doubt:
    """A stack in which measurement leaves theory's line: settings, whether pixels are standardized, and why."""

    settings: Mapping[str, Any]
    why: str
    standardized: bool = False


DOUBTS = {
    "GELU with He's weights, standardized pixels": Doubt(
        {"connection": "plain", "activation": "gelu", "initialization": "he_normal", "width": 128},
        "Theory follows one mean image. GELU lets large sums pass and halves small ones, so what is left depends on "
        "the size of each image, and standardized digits differ widely in size. Taken image by image, the same "
        "theory comes close to what is measured.",
        standardized=True,
    ),
    "ReLU with a bare plus, He": Doubt(
        {"connection": "residual", "activation": "relu", "initialization": "he_normal", "width": 128},
        "Theory takes slopes and weights to be independent. But a ReLU is open where its own weights agree with what "
        "comes in, and with a bare plus all layers add up to one common direction. Along it the gradient grows faster "
        "than theory says, in every draw.",
    ),
    "ReLU with He's weights, 8 units": Doubt(
        {"connection": "plain", "activation": "relu", "initialization": "he_normal", "width": 8},
        "Theory is of infinitely many units. With eight, chance does not average out: one draw keeps the gradient, the "
        "next loses nearly all of it, and the mean lies below the line.",
    ),
    "sigmoid, 128 units: here it holds": Doubt(
        {"connection": "plain", "width": 128},
        "For comparison: a bend that is nearly straight where the sums are, and a wide layer. Theory and eight draws "
        "lie on one line.",
    ),
}
DEPTH_RESULT = ROOT / "evidence" / "results" / "plus_sign_and_depth.json"


class DeepPage(Page):
    """A page whose list of layers is folded: fifty layers with pluses and gates are two hundred rows."""

    def anatomy(self) -> None:
        """Draw the layers of the Keras model when they are asked for."""
        if layers := self.run.facts.get("layers", []):
            with st.expander(f"All {len(layers)} layers of the Keras model"):
                super().anatomy()


# ---- questions ----


@st.cache_data(max_entries=400, show_spinner=False)
def _asked(_source: str, question: str) -> Mapping[str, Any]:
    """Return the arrays of an answer; it depends on the question alone, so the run that is asked is no part of it."""
    return session.engine().ask(_source, json.loads(question))


def _answer(run: ShownRun, **question: Any) -> Mapping[str, Any] | None:
    """Return the answer, or None after saying why there is none."""
    source = keeper(run.family) or (run.run_id if run.moments else "")
    if not source:
        quiet("The stacks can be built as soon as the engine runs.")
        return None
    try:
        with waiting():
            return _asked(source, json.dumps(question, sort_keys=True))
    except ValueError as problem:
        st.warning(str(problem))
        return None


# ---- stacks side by side ----


def compare(page: Page) -> None:
    """Lay the gradients of several untrained stacks over each other; depth, width and seed can be turned."""
    page.section(
        "Stacks side by side",
        "The same digits, the same depth, no training: measured in float64; dashed what theory says of such weights.",
    )
    st.fragment(_compare)(page.run)


def _compare(run: ShownRun) -> None:
    chosen, depth, width, seed = _choices()
    if not chosen:
        quiet("Choose at least one stack.")
        return
    found = _answer(run, compare=[{**STACKS[name], "depth": depth, "width": width, "seed": seed} for name in chosen])
    if found is None:
        return
    measured, theory = found["compared"], found["compared_theory"]
    st.altair_chart(
        charts.compared(chosen, measured, theory),
        width="stretch",
        alt=f"Gradient norm at each of {depth} layers for {', '.join(chosen)}, measured, and theory dashed.",
    )
    st.html(
        '<p class="notice"><b>Notice.</b> A straight line is one factor, again and again. Sigmoid loses three quarters '
        "of the gradient a layer; the same sigmoid with a plus around it loses nothing.</p>"
    )
    st.table(charts.mean_factors(chosen, measured, theory))


def _choices() -> tuple[list[str], int, int, int]:
    chosen = st.multiselect("Stacks", list(STACKS), FIRST_SHOWN, max_selections=MOST, key="gradient_flow:stacks")
    depth, width, seed = st.columns(3)
    layers = depth.slider("Depth of all", 2, 30, 20, key="gradient_flow:compare_depth")
    units = width.select_slider("Units per layer of all", (8, 16, 32, 64, 128), 64, key="gradient_flow:compare_width")
    number = seed.number_input("Seed of all", 0, 99, 0, key="gradient_flow:compare_seed")
    return list(chosen), int(layers), int(units), int(number)


# ---- where theory fails ----


def theory_fails(page: Page) -> None:
    """Show a stack in which measurement leaves theory's line, for eight seeds and a chosen width."""
    page.section(
        "Where theory fails",
        "Theory is of infinitely many units, of weights that know nothing of each other, and of one mean image. Eight "
        "draws of the first weights of a stack, and its dashed line.",
    )
    st.fragment(_theory_fails)(page.run)


def _theory_fails(run: ShownRun) -> None:
    left, right = st.columns((1, 2), gap="large")
    name = left.selectbox("Stack of 20 layers", list(DOUBTS), key="gradient_flow:doubtful")
    doubt = DOUBTS[name]
    found = _answer(run, doubt={**doubt.settings, "depth": 20}, standardized=doubt.standardized)
    if found is None:
        return
    measured, theory = found["compared"], found["compared_theory"]
    left.table(charts.left_at_first(measured, theory, doubt.standardized))
    with right:
        st.altair_chart(charts.seeds(measured, theory, doubt.standardized), width="stretch",
                        alt=f"Gradient at each of 20 layers, {name}, eight draws, and theory dashed.")  # fmt: skip
    notice(doubt.why)


# ---- a sequence is depth, too ----


def through_time(page: Page) -> None:
    """Show the gradient through time in untrained recurrent layers and in attention."""
    page.section(
        "A sequence is depth, too",
        "A recurrent network applies the same layer at every step, so a gradient has to pass as many layers as there "
        "are steps. Here are five untrained layers of 32 units, and the gradient of their last state.",
    )
    st.fragment(_through_time)(page.run)


def _through_time(run: ShownRun) -> None:
    left, right = st.columns((1, 3))
    steps = left.slider("Steps", 20, 100, 50, key="gradient_flow:steps")
    seed = left.number_input("Seed of the layers", 0, 99, 0, key="gradient_flow:recurrent_seed")
    found = _answer(run, time={"steps": int(steps), "seed": int(seed)})
    if found is None:
        return
    shares = found["recurrent"]
    with right:
        st.altair_chart(charts.recurrent(shares), width="stretch",
                        alt="Gradient left by steps back in time for five layers, logarithmic.")  # fmt: skip
    factors = charts.factors_per_step(shares)
    left.table([{"Layer": name, "Factor a step": f"{value:.3f}"} for name, value in factors.items()])
    right.html(
        '<p class="notice"><b>Notice.</b> Untrained, the gates of a GRU lose the gradient faster than no gates do: '
        "they stand half open. An LSTM told by its bias to remember keeps it. Attention reaches every step at once.</p>"
    )


# ---- accuracy by depth ----


def depth_trained(page: Page) -> None:
    """Show what stored runs of several depths reached, and offer any of them to be trained here."""
    page.section("Does it learn? Accuracy by depth", "The gradient alone is no proof. So train each stack, to the end.")
    if not DEPTH_RESULT.is_file():
        quiet("There is no stored result yet: python -m evidence.plus_sign_and_depth makes it.")
        return
    found = json.loads(DEPTH_RESULT.read_text(encoding="utf-8"))
    st.altair_chart(charts.accuracy_by_depth(found["cells"]), width="stretch",
                    alt="Share of test digits right by number of hidden layers, for each stack.")  # fmt: skip
    st.html(f'<p class="provenance"><span class="tag">Stored result</span>{_origin(found)}</p>')
    stack, depth, button = st.columns(3, vertical_alignment="bottom")
    name = stack.selectbox("Stack to train here", list(found["stacks"]), key="gradient_flow:train_stack")
    layers = depth.selectbox("Layers", sorted({cell["depth"] for cell in found["cells"]}), index=2,
                             key="gradient_flow:train_depth")  # fmt: skip
    chosen = {**found["stacks"][name], "depth": layers}
    button.button("Take it to the first screen", on_click=_take, args=(page, chosen))


def _take(page: Page, settings: Mapping[str, Any]) -> None:
    """Take over settings and bring the first screen into view."""
    page.controls.set(settings)
    st.session_state["scroll"] = st.session_state.get("scroll", 0) + 1


def _origin(found: Mapping[str, Any]) -> str:
    seeds = len(found["cells"][0]["seeds"])
    made = found["versions"]
    return (
        f"{seeds} seeds each, the bar from worst to best · {found['settings']['epochs']} epochs · {found['device']} · "
        f"{found['created'][:10]} · TensorFlow {made.get('tensorflow', '?')}, Keras {made.get('keras', '?')} · "
        "made again by python -m evidence.plus_sign_and_depth"
    )
