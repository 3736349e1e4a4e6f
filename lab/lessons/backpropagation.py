"""The lessons of the page on backpropagation: one example step by step, one step of four optimizers, and what can fail.

Every number comes from a question to the run's own process; the web process formats and draws.
"""

import json
from typing import Any, get_args

import numpy as np
import pandas as pd
import streamlit as st

from lab import session
from lab.charts import backpropagation_bends as bends_chart
from lab.charts import backpropagation_losses as losses_chart
from lab.charts import backpropagation_perceptron as perceptron_chart
from lab.charts import backpropagation_steps as steps_chart
from lab.charts.backpropagation_chain import chain
from lab.charts.backpropagation_graph import graph
from lab.charts.backpropagation_numbers import parameters, relative_error, relative_errors, walk
from lab.charts.mlp_stage import layer_sizes
from lab.frame import quiet
from lab.shown_run import ShownRun
from models.configs import BackpropagationConfig

STATION, CHOSEN, TABLE = "backpropagation:station", "backpropagation:chosen", "backpropagation:gradients"
RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
ACTIVATIONS = list(get_args(BackpropagationConfig.model_fields["activation"].annotation))
EARLIER = "Momentum, RMSprop and Adam remember: so many steps of their own came before the one that is measured."
SOURCES = {"Before training": True, "As trained": False}


def one_example(run: ShownRun) -> None:
    """Walk through one example: the graph, the chain rule of one parameter, three gradients, four optimizers."""
    if not _ready(run):
        return
    st.fragment(_one_example)(run)


def one_step(run: ShownRun) -> None:
    """Compare promise and truth of one step over 100 seeds, and over learning rates."""
    if _ready(run):
        st.fragment(_one_step)(run)


def activations(run: ShownRun) -> None:
    """Draw all activations and their slopes."""
    if _ready(run):
        st.fragment(_activations)(run)


def losses(run: ShownRun) -> None:
    """Draw four losses, and what networks learn with them."""
    if _ready(run):
        st.fragment(_losses)(run)


def perceptron(run: ShownRun) -> None:
    """Draw the perceptron's mistakes on iris and on XOR."""
    if _ready(run):
        st.fragment(_perceptron)(run)


# ---- questions ----


def _ready(run: ShownRun) -> bool:
    if run.moments and "data" in run.facts and run.state not in ("preparing", "queued"):
        return True
    quiet("The numbers appear as soon as the network is built and compiled.")
    return False


def _ask(run: ShownRun, **question: Any) -> Any:
    """Return the answer as a view, or None after saying why there is none."""
    stamp = f"{run.run_id}:{run.step}" if run.active else run.run_id
    try:
        return run.viewed(_answered(run.run_id, stamp, json.dumps(question, sort_keys=True)))
    except ValueError as problem:
        st.warning(str(problem))
        return None


@st.cache_data(max_entries=200, show_spinner=False)
def _answered(run_id: str, stamp: str, question: str) -> dict[str, Any]:
    arrays: dict[str, Any] = session.engine().ask(run_id, json.loads(question))
    return arrays


# ---- one example ----


def _one_example(run: ShownRun) -> None:
    sizes = layer_sizes(run)
    question = _chosen_example(run)
    base = _ask(run, **question)
    if base is None:
        return
    view = _edited(run, base, question)
    if view is None:
        return
    station, chosen = _station(sizes), _chosen_parameter(sizes)
    names = [str(name).split(" (")[0] for name in run.facts["data"]["input_names"]]
    st.altair_chart(graph(view, sizes, station, chosen, names), width="stretch",
                    alt=_spoken(view, sizes, station))  # fmt: skip
    quiet(_explained(view, station, len(sizes) - 1))
    left, right = st.columns((1.15, 1), gap="large")
    with left:
        _chain(run, view, sizes, chosen)
    with right:
        _three_ways(view, sizes)
    _four_optimizers(view)


def _chosen_example(run: ShownRun) -> dict[str, Any]:
    columns = st.columns((1.3, 1, 1.4, 1))
    with columns[0]:
        source = st.segmented_control("Weights", list(SOURCES), default="Before training", required=True,
                                      key="backpropagation:source")  # fmt: skip
    with columns[1]:
        most = int(run.facts["data"]["train"]) - 1  # in the key, since a kept value may not exceed it
        row = st.number_input("Training example", 0, most, 0, key=f"backpropagation:row:{most}", help="Counted from 0.")
    with columns[2]:
        rate = st.select_slider("Learning rate of this step", RATES, value=0.1, key="backpropagation:rate",
                                format_func=lambda value: f"{value:g}")  # fmt: skip
    with columns[3]:
        earlier = st.number_input("Steps done before", 0, 50, 0, key="backpropagation:earlier", help=EARLIER)
    return {"kind": "example", "start": SOURCES[source], "row": int(row), "rate": rate, "earlier": int(earlier)}


def _edited(run: ShownRun, base: Any, question: dict[str, Any]) -> Any:
    """Let the visitor change inputs, target and parameters; return the view of what stands in the table then."""
    names = [str(name).split(" (")[0] for name in run.facts["data"]["input_names"]]
    labels = [*names, "target", *(one.name for one in parameters(layer_sizes(run)))]
    values = np.concatenate([base.inputs, base.target, base.parameters])
    with st.popover("Edit inputs and weights", width="content"):
        key = f"backpropagation:edit:{run.run_id}:{question['start']}:{question['row']}"
        edited = st.data_editor(
            pd.DataFrame({"number": labels, "value": values}), key=key, hide_index=True, disabled=["number"],
            height=420, column_config={"value": st.column_config.NumberColumn(format="%.4f", required=True)},
        )  # fmt: skip
        quiet("Type over any value. Choosing another example starts from its own numbers again.")
    new = edited["value"].to_numpy(float)
    if np.array_equal(new, values):
        return base
    inputs = len(base.inputs)
    return _ask(run, kind="example", rate=question["rate"], earlier=question["earlier"], inputs=new[:inputs].tolist(),
                target=float(new[inputs]), weights=new[inputs + 1 :].tolist())  # fmt: skip


def _station(sizes: list[int]) -> str:
    stations = walk(sizes)
    if st.session_state.get(STATION) not in stations:
        st.session_state[STATION] = stations[-2]
    back, slider, on = st.columns((1, 8, 1), vertical_alignment="bottom")
    back.button("Back", on_click=_move, args=(stations, -1), key=f"{STATION}:back", width="stretch")
    on.button("Next", on_click=_move, args=(stations, 1), key=f"{STATION}:on", width="stretch", type="primary")
    with slider:
        chosen: str = st.select_slider("Station of the walk", stations, key=STATION)
    return chosen


def _move(stations: list[str], by: int) -> None:
    place = stations.index(st.session_state[STATION]) + by
    st.session_state[STATION] = stations[place % len(stations)]


def _chosen_parameter(sizes: list[int]) -> int:
    if st.session_state.get(CHOSEN) not in range(len(parameters(sizes))):
        st.session_state[CHOSEN] = 0
    return int(st.session_state[CHOSEN])


def _spoken(view: Any, sizes: list[int], station: str) -> str:
    sums = ", ".join(f"{value:.3g}" for value in view.sums)
    deltas = ", ".join(f"{value:.3g}" for value in view.deltas)
    return (
        f"A network of {', '.join(map(str, sizes))} units as a graph at the station {station}. Sums z: {sums}. "
        f"Loss {view.loss[0]:.3g}. Deltas: {deltas}. Every parameter stands in the table below."
    )


def _explained(view: Any, station: str, layers: int) -> str:
    before, after = float(view.loss[0]), float(view.loss_after[0])
    if station == "Input":
        return f"The example's inputs stand ready. Its target is {view.target[0]:.3g}."
    if station.startswith("Forward"):
        return "Each unit adds up what flows in, z = Wx + b, and bends the sum, a = f(z)."
    if station == "Loss":
        return f"The output ŷ against the target {view.target[0]:.3g}: L = {before:.6g}."
    if station.startswith("Back"):
        return "δ = ∂L/∂z: at the output from the loss, before it f′(z) times the sum of w · δ behind it. ∇ = δ · a."
    verdict = "falls" if after < before else "does not fall"
    return f"Every parameter takes a step of −{view.rate[0]:g} · ∇. The loss {verdict}: {before:.6g} → {after:.6g}."


def _chain(run: ShownRun, view: Any, sizes: list[int], chosen: int) -> None:
    names = [one.name for one in parameters(sizes)]
    st.html('<p class="picture-title">The chain rule, term by term</p>')
    st.selectbox("Parameter", range(len(names)), key=CHOSEN, format_func=lambda place: names[place])
    for line in chain(view, sizes, chosen, _loss_name(run)):
        st.latex(line, width="stretch")


def _loss_name(run: ShownRun) -> str:
    if run.facts["data"]["task"] == "regression":
        return "squared"
    kind = "categorical" if layer_sizes(run)[-1] > 1 else "binary"
    return kind if run.config["loss"] == "fitting" else f"{kind}_squared"


def _three_ways(view: Any, sizes: list[int]) -> None:
    st.html('<p class="picture-title">One gradient, three computations</p>')
    tape, numeric = (relative_error(view.by_hand, other) for other in (view.by_tape, view.by_differences))
    each = np.maximum(relative_errors(view.by_hand, view.by_tape), relative_errors(view.by_hand, view.by_differences))
    rows = pd.DataFrame(
        {
            "parameter": [one.name for one in parameters(sizes)],
            "by hand (NumPy)": view.by_hand,
            "GradientTape": view.by_tape,
            "finite differences": view.by_differences,
            "relative error": each,
        }
    )
    digits = st.column_config.NumberColumn(format="%.6g", width="small")
    config: Any = dict.fromkeys(rows.columns[1:4], digits)
    config["relative error"] = st.column_config.NumberColumn(format="%.1e", width="small")
    st.dataframe(rows, hide_index=True, height=330, column_config=config, key=TABLE, on_select=_row_clicked,
                 selection_mode="single-row")  # fmt: skip
    quiet(f"Relative error |a − b| / (|a| + |b|) of the whole gradient: hand and tape {tape:.1e}, hand and finite "
          f"differences {numeric:.1e}; in float64.")  # fmt: skip
    if view.kink[0]:
        quiet("A sum stands near the corner of its activation, where no slope exists: there the differences may err.")


def _row_clicked() -> None:
    """Choose the parameter whose row was clicked."""
    if rows := st.session_state[TABLE]["selection"]["rows"]:
        st.session_state[CHOSEN] = int(rows[0])


def _four_optimizers(view: Any) -> None:
    st.html('<p class="picture-title">One step of four optimizers on this example</p>')
    st.table(steps_chart.bars(view))


# ---- the wider lessons ----


def _one_step(run: ShownRun) -> None:
    left, right, _ = st.columns((1, 1, 1))
    with left:
        rate = st.select_slider("Learning rate", RATES, value=0.1, key="backpropagation:seeds:rate",
                                format_func=lambda value: f"{value:g}")  # fmt: skip
    with right:
        earlier = st.number_input("Steps done before", 0, 50, 0, key="backpropagation:seeds:earlier")
    view = _ask(run, kind="seeds", rate=rate, earlier=int(earlier))
    if view is None:
        return
    first, second = st.columns(2, gap="large")
    with first:
        _chart("Promise and truth, 100 seeds", steps_chart.promises(view),
               "True against predicted change of the loss in one step, for four optimizers and 100 seeds.",
               "On the dashed line the gradient told the truth. Above the grey level the loss rose.")  # fmt: skip
    with second:
        _chart("How far the promise reaches", steps_chart.sweep(view),
               "Median change of the loss in one step over the learning rate, with the middle eight tenths of seeds.",
               "A longer step gains more, up to a point; behind the dashed line it makes things worse.")  # fmt: skip
    st.table(steps_chart.limits(view))


def _activations(run: ShownRun) -> None:
    view, example = _ask(run, kind="bends"), _ask(run, kind="example", start=True, row=0)
    if view is None or example is None:
        return
    hidden = sum(layer_sizes(run)[1:-1])
    left, right = st.columns((1.4, 1), gap="large")
    with left:
        _chart("Where the units stand on the bend",
               bends_chart.bends(view, ACTIVATIONS, run.config["activation"], example.sums[:hidden]),
               "The activation and its slope over z, with the hidden units of the first example as dots.",
               "On the way back each layer multiplies by the slope under its dots. Flat passes nothing.")  # fmt: skip
    with right:
        st.table(bends_chart.steepest(view, ACTIVATIONS))


def _losses(run: ShownRun) -> None:
    view, task = _ask(run, kind="losses"), run.facts["data"]["task"]
    if view is None:
        return
    columns = st.columns(3, gap="medium")
    with columns[0]:
        _chart("What each loss charges", losses_chart.paid(view), "Four losses over the logit for a target of 1.",
               "Cross-entropy keeps charging for being sure and wrong. Squared error goes flat.")  # fmt: skip
    with columns[1]:
        _chart("How hard it pulls", losses_chart.pulls(view), "The slope of four losses over the logit.",
               "At z = −8 squared error hardly pulls. Logits as probabilities: no pull outside 0 to 1.")  # fmt: skip
    with columns[2]:
        _chart("What is learned with it", losses_chart.learned(view, task),
               "Score of four networks over the steps of training, each with another loss.",
               "Same first weights, same data, 400 steps of plain descent on all of it.")  # fmt: skip
    st.table(losses_chart.table(view, task))


def _perceptron(run: ShownRun) -> None:
    view = _ask(run, kind="perceptron")
    if view is None:
        return
    radius, margin, bound = (float(value) for value in view.perceptron_bound)
    left, right = st.columns(2, gap="large")
    with left:
        _chart("Mistakes so far", perceptron_chart.mistakes(view),
               "Running count of the perceptron's mistakes on iris, which ends, and on XOR, which does not.",
               f"Iris, standardized: radius {radius:.3g}, margin {margin:.3g}: at most {bound:.1f}.")  # fmt: skip
    with right:
        _chart("Any order will do", perceptron_chart.orders(view),
               "Histogram of the number of mistakes over 100 orders of the irises.",
               "The bound holds for every order; the orders decide how close one comes.")  # fmt: skip


def _chart(title: str, chart: Any, alt: str, notice: str) -> None:
    st.html(f'<p class="picture-title">{title}</p>')
    st.altair_chart(chart, width="stretch", alt=alt)
    st.html(f'<p class="notice"><b>Notice.</b> {notice}</p>')
