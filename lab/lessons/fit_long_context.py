"""Why long context decides: six families by lag, and what a training step costs by length."""

from math import exp, log
from typing import Any

import streamlit as st

from evidence.fit import stored
from evidence.fit.tasks import LAG_TASKS, ROWS, ROWS_AT_LAG
from lab.charts import long_context as charts
from lab.frame import quiet
from lab.lessons.architecture_fit import section
from lab.noticing import notice

LAG_FILE, COST_FILE = (stored.RESULT.with_name(name) for name in ("long_context.json", "sequence_costs.json"))
TITLES = {"mlp": "MLP", "cnn": "CNN", "rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "transformer": "Transformer"}
TASK_TITLES = {"adding": "Sum of two marked numbers", "first_letter": "First letter of all"}


def why_long_context(title: str, text: str, reading: str) -> None:
    """Draw both halves. reading: what honestly follows from them."""
    section(title, text)
    st.fragment(_by_lag)()
    section("What a step costs", "One layer of width 64: forward, backward and update.")
    st.fragment(_by_length)()
    with st.container(width=720):
        st.write(reading)


# ---- by lag ----


def _by_lag() -> None:
    found = stored.read(LAG_FILE)
    if not found["cells"]:
        quiet("Not measured on this machine yet: python -m evidence long-context")
        return
    columns = st.columns(2, gap="large")
    for column, task in zip(columns, LAG_TASKS, strict=True):
        rows = lag_rows(found, task)
        if not rows:
            continue
        with column:
            st.html(f'<p class="picture-title">{TASK_TITLES[task]}: what is reached by lag</p>')
            st.altair_chart(charts.by_lag(rows, "Share of the way from chance to perfect"), width="stretch",
                            alt=_lag_words(rows))  # fmt: skip
            notice(_lag_notice(rows))
    about = found["about"]
    st.html(f'<p class="provenance"><span class="tag">Stored</span>{about["seeds"]} seeds, about '
            f'{about["parameters"]:,} parameters and {about["training_seconds"]:g} s of training each '
            f'({about["clock"]}), {about["created"][:10]}, {about["device"]}. The sums of 20, 50 and 100 numbers '
            "are the matrix's own rows.</p>")  # fmt: skip
    st.code(about["command"], language="bash")


def lag_rows(found: dict[str, Any], task: str) -> list[dict[str, Any]]:
    """Return for each family and lag which share of the way from chance to perfect was gone, with its interval."""
    rows = []
    for cell in [*found["cells"], *of_the_matrix()]:
        name, lag = cell["task"].removeprefix("lag:").rsplit("_", 1)
        if name != task:
            continue
        chance, perfect = cell["chance"], stored.PERFECT[ROWS[cell["task"]].metric]
        ends = [max(-0.1, min(1.0, (cell[end] - chance) / (perfect - chance))) for end in ("mean", "low", "high")]
        rows.append({"family": TITLES[cell["family"]], "lag": int(lag), "way": ends[0], "low": min(ends[1:]),
                     "high": max(ends[1:]), "told": f"{cell['mean']:.4g} {ROWS[cell['task']].metric}",
                     "reached": cell["state"] == stored.MEASURED})  # fmt: skip
    return sorted(rows, key=lambda row: (list(TITLES.values()).index(row["family"]), row["lag"]))


def of_the_matrix() -> list[dict[str, Any]]:
    """Return the cells of the adding problem that the matrix holds, at the lags that are measured there."""
    known = stored.trained(stored.read())
    return [known[task, family] for task in ROWS_AT_LAG.values() for family in TITLES if (task, family) in known]


def _lag_words(rows: list[dict[str, Any]]) -> str:
    return "By family and lag: " + ", ".join(f"{row['family']} {row['lag']}: {row['way']:.0%}" for row in rows)


def _lag_notice(rows: list[dict[str, Any]]) -> str:
    """Say up to which lag each family gets at least half of the way, from the numbers."""
    told = []
    for family in dict.fromkeys(row["family"] for row in rows):
        half = [row["lag"] for row in rows if row["family"] == family and row["way"] >= 0.5]
        told.append(f"{family} {max(half)}" if half else f"{family} none")
    return f"Longest lag at which at least half of the way is gone: {', '.join(told)}. What stays at 0 % was not " \
           "reached in this budget."  # fmt: skip


# ---- by length ----


def _by_length() -> None:
    found = stored.read(COST_FILE)
    if not found.get("rows"):
        quiet("Not measured on this machine yet: python -m evidence sequence-costs")
        return
    rows = found["rows"]
    controls = st.container(horizontal=True, gap="large")
    batch = controls.segmented_control("Sequences at once", sorted({row["batch"] for row in rows}), default=1,
                                   key="fit:batch", required=True)  # fmt: skip
    cores = controls.segmented_control("Cores", sorted({row["cores"] for row in rows}), default=1, key="fit:cores",
                                    required=True)  # fmt: skip
    shown = [{**row, "family": TITLES[row["kind"]]} for row in rows if (row["batch"], row["cores"]) == (batch, cores)]
    left, right = st.columns(2, gap="large")
    for column, field, title in ((left, "seconds", "Seconds of one training step"),
                                 (right, "megabytes", "Megabytes added by the step")):  # fmt: skip
        with column:
            st.html(f'<p class="picture-title">{title}</p>')
            st.altair_chart(charts.by_length(shown, field, title), width="stretch",
                            alt=f"{title} by length: " + ", ".join(f"{row['family']} {row['length']}: {row[field]:.3g}"
                                                                   for row in shown))  # fmt: skip
    words = f"{crossing_words(rows)} {work_words(found['about']['width'])}"
    notice(words)
    _chains(found)


def _chains(found: dict[str, Any]) -> None:
    """Draw how many operations have to wait for each other."""
    st.html('<p class="picture-title">Operations that have to wait for each other, forward</p>')
    lengths = sorted({row["length"] for row in found["rows"]})
    first = found["about"]["counted_at"][0]

    def at_length(one: dict[str, Any], length: int) -> int:
        return round(one["counted"][0] + one["per_token"] * (length - first))

    st.table([{"Layer": TITLES[kind], **{f"{length} tokens": at_length(one, length) for length in lengths}}
              for kind, one in found["chains"].items()])  # fmt: skip
    at = " and ".join(map(str, found["about"]["counted_at"]))
    quiet(f"Counted as the longest way through the graph of each layer at {at} tokens, and continued on the straight "
          "line that these two give.")  # fmt: skip
    about = found["about"]
    st.html(f'<p class="provenance"><span class="tag">Stored</span>{about["device"]}, {about["created"][:10]}, load '
            f'{about["load"]:g} when it ended; the shortest of several steps.</p>')  # fmt: skip
    st.code(about["command"], language="bash")


def crossing(rows: list[dict[str, Any]], other: str, batch: int, cores: int) -> float | None:
    """Return from which length on a step of attention takes longer than one of another layer; None if it never does.

    Between two measured lengths the ratio is taken as a straight line in logarithms; 0 where it is longer from the
    shortest length on.
    """
    times = {(row["kind"], row["length"]): row["seconds"] for row in rows
             if (row["batch"], row["cores"]) == (batch, cores)}  # fmt: skip
    lengths = sorted(length for kind, length in times if kind == "transformer")
    ratios = [log(times["transformer", length] / times[other, length]) for length in lengths]
    if ratios[-1] <= 0:
        return None
    last = max((place for place, ratio in enumerate(ratios) if ratio <= 0), default=-1)
    if last < 0:
        return 0.0
    share = -ratios[last] / (ratios[last + 1] - ratios[last])
    return exp(log(lengths[last]) + share * (log(lengths[last + 1]) - log(lengths[last])))


def crossing_words(rows: list[dict[str, Any]]) -> str:
    """Say from which length on attention costs more than an LSTM and than a convolution, from the numbers."""
    longest = max(row["length"] for row in rows)
    told = []
    for batch in sorted({row["batch"] for row in rows}):
        for cores in sorted({row["cores"] for row in rows}):
            at = crossing(rows, "lstm", batch, cores)
            says = (
                f"never up to {longest:,}" if at is None else "from the shortest on" if at == 0 else f"from {at:.0f} on"
            )
            told.append(f"{batch} at once, {cores} core{'s' if cores > 1 else ''}: {says}")
    return f"Tokens from which a step of attention takes longer than one of the LSTM: {'; '.join(told)}."


def work_words(width: int) -> str:
    """Say where the part of attention that grows with n x n overtakes the rest, by counting multiplications.

    Projections take 4 n d², scores and weighted sum 2 n² d: equal at n = 2 d. A block has an MLP of 8 n d² besides:
    equal at n = 6 d.
    """
    return (
        f"Counted in multiplications, comparing all with all (2 n² d) costs as much as the projections (4 n d²) at "
        f"{2 * width} tokens for this width of {width}, and as much as a whole block with its MLP (12 n d²) at "
        f"{6 * width}. For GPT-2, 768 wide, that is {6 * 768:,}, beyond the 1,024 tokens that it reads."
    )
