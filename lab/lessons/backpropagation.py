"""The lessons of the page on backpropagation: one example step by step, one step of four optimizers, and what can fail.

Every number comes from a question to the run's own process; the web process formats and draws.
"""

import json
from functools import partial
from typing import Any, get_args

import streamlit as st

from lab import session
from lab.charts import backpropagation_bends as bends_chart
from lab.charts import backpropagation_losses as losses_chart
from lab.charts import backpropagation_perceptron as perceptron_chart
from lab.charts import backpropagation_steps as steps_chart
from lab.charts.backpropagation_chain import below_one_another, chain, forward
from lab.charts.backpropagation_graph import graph_payload
from lab.charts.backpropagation_numbers import parameters, relative_error, three_gradients
from lab.charts.mlp_stage import layer_sizes
from lab.components.computation_graph import LARGEST, act_of, computation_graph
from lab.first_picture import keeper, waiting
from lab.frame import quiet
from lab.shown_run import ShownRun
from models.configs import BackpropagationConfig

GRAPH, CHOSEN, CHANGES = "backpropagation:graph", "backpropagation:chosen", "backpropagation:changes"
FIELD, EARLIER = "backpropagation:field", "backpropagation:earlier"
RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
ACTIVATIONS = list(get_args(BackpropagationConfig.model_fields["activation"].annotation))
REMEMBER = "Momentum, RMSprop and Adam remember: so many steps of their own came before the one that is measured."
BEND = "Another bend in the same network with the same weights. The run above keeps its own."
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
    if run.moments and "data" in run.facts and (run.state not in ("preparing", "queued") or keeper(run.family)):
        return True
    quiet("The numbers appear as soon as the network is built and compiled.")
    return False


def _ask(run: ShownRun, **question: Any) -> Any:
    """Return the answer as a view, or None after saying why there is none."""
    stamp, source = f"{run.run_id}:{run.step}" if run.active else run.run_id, run.run_id
    if run.state in ("preparing", "queued"):  # its own process still compiles; the weights are those of the settings
        question["settings"], source = run.config, keeper(run.family)
    try:
        with waiting():
            return run.viewed(_answered(source, stamp, json.dumps(question, sort_keys=True)))
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
    places = sizes[0] + 1 + len(parameters(sizes))
    view = _ask(run, **question, changes=_own_numbers(run, question, places))
    if view is None:
        return
    names = [str(name).split(" (")[0] for name in run.facts["data"]["input_names"]]
    chosen = _chosen_parameter(sizes)
    classes = len(run.facts["data"]["class_names"])
    shown = graph_payload(view, sizes, names, sizes[0] + 1 + chosen, classes, _changes())
    computation_graph(shown, key=GRAPH, on_act=partial(_take, sizes[0], places))
    with st.container(key="chain-and-table"):
        left, right = st.columns((1.15, 1), gap="large")
        with left:
            _chain(run, view, sizes)
        with right:
            _three_ways(view, sizes)
    _four_optimizers(view)


def _chosen_example(run: ShownRun) -> dict[str, Any]:
    columns = st.columns((1.2, 0.9, 1, 1.2, 0.8), vertical_alignment="bottom")
    with columns[0]:
        source = st.segmented_control("Weights", list(SOURCES), default="Before training", required=True,
                                      key="backpropagation:source")  # fmt: skip
    with columns[1]:
        most = int(run.facts["data"]["train"]) - 1  # in the key, since a kept value may not exceed it
        row = st.number_input("Training example", 0, most, 0, key=f"backpropagation:row:{most}", help="Counted from 0.")
    with columns[2]:
        own = run.config["activation"]
        bend = st.selectbox("Activation here", ACTIVATIONS, ACTIVATIONS.index(own), key=f"backpropagation:bend:{own}",
                            format_func=lambda name: name.replace("_", " "), help=BEND)  # fmt: skip
    with columns[3]:
        rate = st.select_slider("Learning rate of this step", RATES, value=0.1, key="backpropagation:rate",
                                format_func=lambda value: f"{value:g}")  # fmt: skip
    with columns[4]:
        st.button("Undo changes", on_click=_forget, disabled=not _changes(), width="stretch", key=f"{GRAPH}:undo",
                  help="Back to the example's own numbers.")  # fmt: skip
    earlier = int(st.session_state.get(EARLIER, 0))
    return {"kind": "example", "start": SOURCES[source], "row": int(row), "rate": rate, "activation": bend,
            "earlier": earlier}  # fmt: skip


def _changes() -> dict[int, float]:
    """Return the numbers that a person put in place of the example's own, by place."""
    kept: dict[int, float] = st.session_state.get(CHANGES, {}).get("values", {})
    return kept


def _own_numbers(run: ShownRun, question: dict[str, Any], places: int) -> dict[str, float]:
    """Return the changes of this very example; those of another one are forgotten.

    Weights before training depend on the settings alone, so changes outlive a process that is started again.
    """
    weights = json.dumps(run.config, sort_keys=True) if question["start"] else run.run_id
    stamp = [weights, question["start"], question["row"], places]
    if st.session_state.get(CHANGES, {}).get("stamp") != stamp:
        turn = st.session_state.get(CHANGES, {}).get("turn", 0) + 1
        st.session_state[CHANGES] = {"stamp": stamp, "values": {}, "turn": turn}
    return {str(place): value for place, value in sorted(_changes().items())}


def _forget() -> None:
    _new_field()
    _changes().clear()


def _new_field() -> None:
    st.session_state[CHANGES]["turn"] += 1


def _take(inputs: int, places: int) -> None:
    """Do what a person did in the graph: choose a parameter, or put another number in a place."""
    act = act_of(st.session_state[GRAPH], places)
    if act is None:
        return
    _new_field()
    if act.place > inputs:
        st.session_state[CHOSEN] = act.place - inputs - 1
    if act.value is not None:
        _changes()[act.place] = act.value


def _take_field(place: int, key: str) -> None:
    _changes()[place] = float(st.session_state[key])


def _chosen_parameter(sizes: list[int]) -> int:
    if st.session_state.get(CHOSEN) not in range(len(parameters(sizes))):
        st.session_state[CHOSEN] = 0
    return int(st.session_state[CHOSEN])


def _chain(run: ShownRun, view: Any, sizes: list[int]) -> None:
    names = [one.name for one in parameters(sizes)]
    st.html('<p class="picture-title">The chain rule, term by term</p>')
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox("Parameter", range(len(names)), key=CHOSEN, on_change=_new_field,
                              format_func=lambda place: names[place])  # fmt: skip
    with right:
        # A new field for each number that comes from elsewhere: to set the value of a standing one is a race with what
        # the browser still holds, and its old value would come back as if it had been typed.
        key = f"{FIELD}:{st.session_state[CHANGES]['turn']}:{chosen}"
        first = st.session_state.setdefault(f"{key}:first", float(view.parameters[chosen]))
        st.number_input("Its value", -LARGEST, LARGEST, first, step=0.1, format="%.4f", key=key, on_change=_take_field,
                        args=(sizes[0] + 1 + chosen, key))  # fmt: skip
    st.latex(below_one_another(forward(view, sizes, chosen)), width="stretch")
    quiet("And back: the gradient of this parameter first, then every δ that it needs, down to the loss.")
    st.latex(below_one_another(chain(view, sizes, chosen, _loss_name(run))), width="stretch")


def _loss_name(run: ShownRun) -> str:
    if run.facts["data"]["task"] == "regression":
        return "squared"
    kind = "categorical" if layer_sizes(run)[-1] > 1 else "binary"
    return kind if run.config["loss"] == "fitting" else f"{kind}_squared"


def _three_ways(view: Any, sizes: list[int]) -> None:
    st.html('<p class="picture-title">One gradient, three computations</p>')
    tape, numeric = (relative_error(view.by_hand, other) for other in (view.by_tape, view.by_differences))
    st.dataframe(three_gradients(view, sizes), height=520, hide_index=True, placeholder="")
    quiet(f"Relative error |a − b| / (|a| + |b|) of the whole gradient: hand and tape {tape:.1e}, hand and finite "
          f"differences {numeric:.1e}; in float64.")  # fmt: skip
    if view.kink[0]:
        quiet("A sum stands near the corner of its activation, where no slope exists: there the differences may err.")


def _four_optimizers(view: Any) -> None:
    st.html('<p class="picture-title">One step of four optimizers on this example</p>')
    left, right = st.columns((1, 4), gap="large")
    with left:
        st.number_input("Steps done before", 0, 50, 0, key=EARLIER, help=REMEMBER)
    right.table(steps_chart.bars(view))


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
               f"Iris, standardized, with a constant 1: radius R = {radius:.3g}, margin g = {margin:.3g}, so at most "
               f"(R / g)² = {bound:.1f} mistakes. XOR has no margin and no bound.")  # fmt: skip
    with right:
        _chart("Any order will do", perceptron_chart.orders(view),
               "Histogram of the number of mistakes over 100 orders of the irises.",
               "The bound holds for every order; the orders decide how close one comes.")  # fmt: skip


def _chart(title: str, chart: Any, alt: str, notice: str) -> None:
    st.html(f'<p class="picture-title">{title}</p>')
    st.altair_chart(chart, width="stretch", alt=alt)
    st.html(f'<p class="notice"><b>Notice.</b> {notice}</p>')
