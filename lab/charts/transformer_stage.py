"""The first screen of the Transformer: the attention of every head, what is said at each place, and the curves.

Built ten times a second while a network trains: whatever stands still is computed once for all frames.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lab.charts.mlp_stage import series, shown_views, staged
from lab.charts.palette import ATTENTION, CLASSES
from lab.charts.stage_attention import AttentionPanel, SequencePanel
from lab.charts.stage_panels import CurvesPanel, ImagesPanel, Panel, png, rgb
from lab.shown_run import ShownRun
from models.base import Array

SCORED = {"previous token": 2, "first token": 3, "duplicate": 4, "induction": 5, "itself": 6}
CLEAR = 0.4  # a head is named by its largest score from here on
MOST_LAYERS, MOST_HEADS = 4, 8
GAP, BEND = 4, 0.6  # pixels between maps; weak weights stay visible
MOST_SAID = 60  # tokens of all sequences together
SIGNS = {" ": "␣", "\n": "↵"}
INDUCTION, PREVIOUS = CLASSES[3], CLASSES[2]


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    panels: list[Panel] = [attention(run, views), result(run, views), *curves(run, overlay)]
    return staged(run, panels, overlay, in_epochs=False)


# ---- who looks at whom ----


def words(run: ShownRun, tokens: Array) -> tuple[str, ...]:
    """Return how tokens of the run's task are written, signs for what cannot be seen."""
    vocabulary = run.facts["data"]["vocabulary"]
    return tuple(_seen(str(vocabulary[int(token)])) for token in tokens)


def _seen(text: str) -> str:
    return text.strip() or "".join(SIGNS.get(sign, sign) for sign in text) or "∅"


def length_of(tokens: Array, vocabulary: Sequence[str]) -> int:
    """Return the length of a sequence without what fills it up, which is token 0 where that is written as a dot."""
    kept = np.flatnonzero(tokens) if vocabulary[0] == "·" else np.arange(len(tokens))
    return int(kept[-1]) + 1 if len(kept) else len(tokens)


def attention(run: ShownRun, views: list[Any]) -> AttentionPanel:
    """Return the maps of all heads on the first test sequence; of an encoder-decoder those into the source."""
    vocabulary, row = run.facts["data"]["vocabulary"], run.scene["inputs"][0]
    long = length_of(row, vocabulary)
    across = row[:long]
    crossed = views[-1].seen_cross_attention is not None
    if crossed:
        source = run.scene["sources"][0]
        across = source[: length_of(source, vocabulary)]
    maps = np.stack(
        [
            (view.seen_cross_attention if crossed else view.seen_attention)[
                0, :MOST_LAYERS, :MOST_HEADS, :long, : len(across)
            ]
            for view in views
        ]
    )  # (frames, L, H, T, S)
    names = tuple(_names(view, maps.shape[1], maps.shape[2], crossed) for view in views)
    alts = tuple(
        _attention_alt(step, row_of, maps.shape) for (step, _), row_of in zip(run.moments, names, strict=False)
    )
    return AttentionPanel(
        title="Where each output looks in the source" if crossed else "Who looks at whom, head by head",
        alt=alts[-1],
        alts=alts,
        notice="One row a token that asks, one column a token that is asked; a strong colour is a strong look.",
        weight=1.5,
        maps=maps,
        down=words(run, row[:long]),
        across=words(run, across),
        names=names,
    )


def _names(view: Any, layers: int, heads: int, crossed: bool) -> tuple[str, ...]:
    """Return each head's clearest score by name; of attention into a source nothing is scored."""
    if crossed:
        return ("",) * (layers * heads)
    scores = view.seen_scores[:layers, :heads].reshape(layers * heads, -1)
    return tuple(head_name(row) for row in scores)


def head_name(scores: Array) -> str:
    """Return the name and size of a head's largest score, "" while none is clear; scores: (7,)."""
    name, place = max(SCORED.items(), key=lambda item: float(scores[item[1]]))
    value = float(scores[place])
    return f"{name} {value:.2f}" if value >= CLEAR else ""


def _attention_alt(step: int, names: tuple[str, ...], shape: tuple[int, ...]) -> str:
    layers, heads = shape[1:3]
    told = "; ".join(f"layer {k // heads + 1}, head {k % heads + 1}: {name}" for k, name in enumerate(names) if name)
    return f"Attention maps of {layers} layers with {heads} heads on one test sequence at step {step:,}. " + (
        f"Clear patterns: {told}." if told else "No head has a clear pattern."
    )


# ---- what it says ----


def result(run: ShownRun, views: list[Any]) -> SequencePanel:
    """Return the recorded test sequences with what the network says at every place."""
    vocabulary = run.facts["data"]["vocabulary"]
    inputs, targets = run.scene["inputs"], run.scene["targets"]
    lengths = [length_of(row, vocabulary) for row in inputs]
    count = max(1, int(np.searchsorted(np.cumsum(lengths), MOST_SAID, side="right")))
    long = max(lengths[:count])
    seen = np.array([_seen(str(one)) for one in vocabulary])
    wanted = tuple(
        tuple(str(seen[int(token)]) if token >= 0 else "" for token in row[:long]) for row in targets[:count]
    )
    right = np.stack([view.seen_right[:count, :long] for view in views])
    alts = tuple(_said_alt(run, step, view, count) for (step, _), view in zip(run.moments, views, strict=False))
    return SequencePanel(
        title="What it says at every place",
        alt=alts[-1],
        alts=alts,
        notice="Above, the token it reads; below, what it says should come. An empty lower half: nothing is asked.",
        weight=1.05,
        read=tuple(words(run, row[:long]) for row in inputs[:count]),
        wanted=wanted,
        said=np.stack([seen[view.seen_best[:count, :long]] for view in views]),
        right=right,
    )


def _said_alt(run: ShownRun, step: int, view: Any, count: int) -> str:
    targets = run.scene["targets"][:count]
    asked = targets >= 0
    right = int((view.seen_best[:count] == targets)[asked].sum())
    told = "Test sequences with what the network says at each place."
    return f"{told} At step {step:,}, {right} of {int(asked.sum())} are right."


def ended(run: ShownRun, views: list[Any]) -> ImagesPanel:
    """Return the picture by which a stored run is recognised: the maps of all its heads side by side."""
    panel = attention(run, views)
    return ImagesPanel(title=panel.title, alt=panel.alt, images=tuple(png(grid(frame)) for frame in panel.maps))


def grid(maps: Array) -> Array:
    """Return maps (L, H, T, S) in 0..1 side by side as one picture on white, a row a layer, (h, w, 3) uint8."""
    layers, heads, rows, columns = maps.shape
    framed = np.zeros((layers, heads, rows + GAP, columns + GAP))
    framed[:, :, :rows, :columns] = np.nan_to_num(maps.astype(np.float64)) ** BEND
    flat = framed.swapaxes(1, 2).reshape(layers * (rows + GAP), heads * (columns + GAP))[:-GAP, :-GAP, np.newaxis]
    pale, deep = (rgb(colour).astype(np.float64) for colour in ("#F7F6FA", ATTENTION[1]))
    picture: Array = np.rint(pale + flat * (deep - pale)).astype(np.uint8)
    return picture


# ---- curves ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the loss, and under it the share right with the largest previous-token and induction scores."""
    baselines: dict[str, list[tuple[str, float]]] = {}
    for one in run.facts.get("baselines", []):
        baselines.setdefault(str(one["metric"]), []).append((str(one["name"]), float(one["value"])))
    loss = _curve(run, overlay, "loss", "Loss", "nats per token", baselines.get("test_loss", [])[-1:])
    right = _curve(run, overlay, "accuracy", "Share right, and heads that form", "share, score",
                   baselines.get("test_accuracy", [])[:1])  # fmt: skip
    return [loss, right]


def _curve(
    run: ShownRun, overlay: ShownRun | None, name: str, title: str, label: str, baselines: list[tuple[str, float]]
) -> CurvesPanel:
    lines = [series(run, f"{part}_{name}", part, part) for part in ("train", "test")]
    if name == "accuracy" and run.config["dataset"] in ("induction", "recall"):
        for metric, words_of, colour in (("previous_score", "previous-token head", PREVIOUS),
                                         ("induction_score", "induction head", INDUCTION)):  # fmt: skip
            lines.append(_coloured(run, metric, words_of, colour))
    if overlay is not None:
        lines.append(series(overlay, f"test_{name}", "test, other run", "test", overlay=True))
    firsts = [float(line.values[0]) for line in lines if len(line.values) and np.isfinite(line.values[0])]
    alts = tuple(_curve_alt(run, step, name, title) for step, _ in run.moments)
    return CurvesPanel(
        title=title,
        alt=alts[-1],
        alts=alts,
        series=tuple(lines),
        y_label=label,
        baselines=tuple(baselines),
        until=None if run.final else float(run.total_steps),
        low=0.0,
        high=1.0 if name == "accuracy" else max(firsts, default=None),
        below=name == "accuracy",
    )


def _coloured(run: ShownRun, metric: str, name: str, colour: str) -> Any:
    return replace(series(run, metric, name, "score"), colour=colour)


def _curve_alt(run: ShownRun, step: int, name: str, title: str) -> str:
    row = next((one for one in run.rows if int(one["step"]) == step), {})
    told = ", ".join(
        f"{part} {float(row[key]):.3g}"
        for part, key in (("training data", f"train_{name}"), ("test data", f"test_{name}"))
        if key in row and np.isfinite(row[key])
    )
    return f"{title} at step {step:,}: {told or 'no numbers'}."
