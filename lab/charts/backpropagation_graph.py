"""One example in a small network, as a computation graph with all of its numbers, station by station."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from lab.charts.backpropagation_numbers import number, parameters, walk
from lab.charts.palette import NEGATIVE, POSITIVE
from models.base import Array

FIELDS = ("sums", "outputs", "slopes", "deltas", "loss", "loss_after", "updated")


def graph_payload(
    view: Any, sizes: Sequence[int], names: Sequence[str], chosen: int, classes: int, changed: Collection[int] = ()
) -> dict[str, Any]:
    """Return the graph of one answered example for `lab.components.computation_graph`.

    Places count the inputs first, then the target, then the parameters. names: of the inputs; chosen: the place that
    stands out; classes: how many the target may be, 0 for a number; changed: places with a person's own numbers.
    Texts have three digits; `known` says from which station of the walk on each is shown.
    """
    stations = walk(sizes)
    layers = range(1, len(sizes))
    return {
        "sizes": list(sizes),
        "names": list(names),
        "heads": heads(sizes),
        "labels": [*names, "target y", *(one.name for one in parameters(sizes))],
        "stations": [station_of(view, sizes, station, classes) for station in stations],
        "start": len(stations) - 2,
        "known": {
            "forward": [0, *(stations.index(f"Forward {layer}") for layer in layers)],
            "loss": stations.index("Loss"),
            "back": [0, *(stations.index(f"Back {layer}") for layer in layers)],
            "update": stations.index("Update"),
        },
        "inputs": _plain(view.inputs),
        "target": float(view.target[0]),
        "parameters": _plain(view.parameters),
        "updated": _plain(view.updated),
        "texts": {
            "inputs": _texts(view.inputs),
            "target": _texts(view.target),
            "parameters": _texts(view.parameters),
            "gradients": _texts(view.by_hand),
            **{name: _texts(getattr(view, name)) for name in FIELDS},
        },
        "classes": classes,
        "chosen": chosen,
        "changed": sorted(changed),
        "palette": {"positive": POSITIVE, "negative": NEGATIVE},
        "alt": spoken(view, sizes),
    }


def heads(sizes: Sequence[int]) -> list[str]:
    """Return the heading of each column: input, hidden layers, output, loss."""
    hidden = [f"hidden {layer}" for layer in range(1, len(sizes) - 1)]
    return ["input", *hidden, "output", "loss"]


def _texts(values: Array) -> list[str]:
    return [number(float(value)) for value in np.ravel(values)]


def _plain(values: Array) -> list[float]:
    """Return numbers that JSON can carry: what is none becomes 0, which no edge shows."""
    return [float(value) for value in np.nan_to_num(np.ravel(values), nan=0.0, posinf=1e6, neginf=-1e6)]


def station_of(view: Any, sizes: Sequence[int], station: str, classes: int) -> dict[str, Any]:
    """Return a station's name, the column at work, the way of the walk, and what happens there in words."""
    way, _, layer = station.lower().partition(" ")
    column = {"input": 0, "loss": len(sizes), "update": -1}.get(way)
    name = {"input": "Input", "loss": "Loss", "update": "Update"}.get(way)
    if column is None:
        column = int(layer)
        name = f"{way.capitalize()} {'through' if way == 'back' else 'to'} {heads(sizes)[column]}"
    return {"name": name, "layer": column, "way": way, "text": explained(view, sizes, station, classes)}


def explained(view: Any, sizes: Sequence[int], station: str, classes: int) -> str:
    """Return what happens at a station, with the example's numbers."""
    last = len(sizes) - 1
    before, after, target = (number(float(one[0]), 4) for one in (view.loss, view.loss_after, view.target))
    if station == "Input":
        return f"The example stands ready. Its target is {f'class {target}' if classes else target}."
    if station.startswith("Forward"):
        at_end = station == f"Forward {last}"
        bend = f"z = Wx + b{', and the prediction ŷ from z' if at_end else ', and bends the sum, a = f(z)'}"
        return f"Each unit adds up what flows in, {bend}."
    if station == "Loss":
        return f"The prediction ŷ against the target {target}: L = {before}."
    if station == f"Back {last}":
        return "δ = ∂L/∂z at the output comes from the loss alone. Each weight's ∇ is δ times what flowed into it."
    if station.startswith("Back"):
        return "δ = f′(z) times the sum of w · δ of the layer behind. Each weight's ∇ is δ times what flowed into it."
    verdict = "falls" if float(view.loss_after[0]) < float(view.loss[0]) else "does not fall"
    return f"Every weight takes a step of −{view.rate[0]:g} · ∇. The loss {verdict}: {before} → {after}."


def spoken(view: Any, sizes: Sequence[int]) -> str:
    """Return the graph in sentences, for those who cannot see it."""
    sums, deltas = (", ".join(_texts(values)) for values in (view.sums, view.deltas))
    before, after = (number(float(loss[0])) for loss in (view.loss, view.loss_after))
    return (
        f"A network of {', '.join(map(str, sizes))} units as a graph. Sums z: {sums}. Loss {before}. Deltas: {deltas}. "
        f"Loss after the step {after}."
    )
