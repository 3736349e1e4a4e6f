"""All runs of the self-organizing map on one set of data, each a dot: quantization error against topographic error."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.mlp_inside import HEIGHT, TEXT, THREE_DIGITS
from lab.charts.palette import ROLES

KINDS = ("this run", "other runs")
FLOOR = "k-means floor"


def comparable(run: Any, runs: Sequence[Any]) -> list[Any]:
    """Return those runs that used the same data and as many units: only their errors can be laid side by side."""
    return [one for one in runs if _ground(one.config) == _ground(run.config)]


def _ground(config: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("dataset", "upload", "target", "test_share", "samples", "noise")
    return (*(config.get(name) for name in names), config["rows"] * config["columns"])


def table(run: Any, runs: Sequence[Any]) -> pd.DataFrame:
    """Return one row a run: quantization and topographic error on test data, its settings, and whether it is shown."""
    rows = [
        {
            "qe": one.last.get("test_qe"), "te": one.last.get("test_te"), "kind": KINDS[one.run_id != run.run_id],
            "settings": _words(one.config),
        }
        for one in comparable(run, runs)
    ]  # fmt: skip
    if run.rows and all(one.run_id != run.run_id for one in runs):
        last = run.rows[-1]
        rows.append({"qe": last.get("test_qe"), "te": last.get("test_te"), "kind": KINDS[0],
                     "settings": _words(run.config)})  # fmt: skip
    return pd.DataFrame(rows, columns=["qe", "te", "kind", "settings"]).dropna()


def _words(config: Mapping[str, Any]) -> str:
    end = f" to {config['radius_end']:g}" if config["decay"] in ("linear", "exponential") else ""
    return f"{config['rule']}, radius {config['radius']:g}{end}, {config['decay']}, seed {config['seed']}"


def plane(run: Any, runs: Sequence[Any]) -> Any:
    """Return the plane of both errors with every comparable run; the rule is what k-means reaches with as many units.

    A dot nearer to the lower left corner is better in both; None where the shown run has no errors.
    """
    rows = table(run, runs)
    if not len(rows):
        return None
    floor = [float(one["value"]) for one in run.facts.get("baselines", []) if one["metric"] == "test_qe"]
    low, high = min([*rows["qe"], *floor]), max([*rows["qe"], *floor])
    margin = 0.08 * (high - low) or 0.1 * high
    x = alt.X("qe:Q", title="quantization error on test data", axis=alt.Axis(tickCount=5),
              scale=alt.Scale(domain=[max(0.0, low - margin), high + margin], nice=False))  # fmt: skip
    kinds = alt.Scale(domain=[*KINDS], range=[ROLES["model"], ROLES["generated"]])
    dots = alt.Chart(rows).mark_point(filled=True, size=130, opacity=0.9, stroke=TEXT, strokeWidth=0.5).encode(
        x=x, y=alt.Y("te:Q", title="topographic error (share)", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("kind:N", scale=kinds, legend=alt.Legend(title=None, orient="top", symbolStrokeWidth=0.5)),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=[*KINDS], range=["diamond", "circle"]), legend=None),
        tooltip=["settings", alt.Tooltip("qe", format=THREE_DIGITS), alt.Tooltip("te", format=THREE_DIGITS)],
    )  # fmt: skip
    layers = [dots]
    if floor:
        at = pd.DataFrame({"qe": floor[:1], "name": [FLOOR]})
        layers.insert(0, alt.Chart(at).mark_rule(color=ROLES["baseline"], strokeDash=[5, 4]).encode(x=x))
        layers.append(alt.Chart(at).mark_text(align="left", dx=5, dy=10, color=TEXT, baseline="top").encode(
            x=x, y=alt.value(0), text="name:N"
        ))  # fmt: skip
    return (
        alt.layer(*layers)
        .properties(height=HEIGHT + 40)
        .configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
        .configure_legend(labelColor=TEXT, titleColor=TEXT)
    )
