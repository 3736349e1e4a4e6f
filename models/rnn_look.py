"""What a plain recurrent network shows of itself: states over time, the gradient by lag, its answers."""

from collections.abc import Mapping

import keras
import numpy as np

from lab.datasets.sequence import SequenceData
from lab.datasets.series import SeriesData
from models.base import Array
from models.recurrent import numbers
from models.recurrent_training import accuracy_by_step, asked_places, gradient_by_lag, log_probabilities
from models.rnn_replay import Replay
from models.views import SHOWN_ANSWERS, SHOWN_STATES, SHOWN_UNITS, STATE_LEVELS, RnnView

GRADIENT_ROWS, SLOPE_ROWS = 64, 12


def overview(model: keras.Model, data: SequenceData, outputs: Array) -> RnnView:
    """Return the view at one moment; outputs: those of the test part."""
    replay = Replay.of(model, data)
    return RnnView(
        **_states(replay, data),
        **_gradients(replay, data),
        **_answers(data, outputs),
        radius=np.array([radius(layer.recurrent) for layer in replay.layers], np.float32),
        edges=drawn_edges(replay).astype(np.float16),
    )


def _states(replay: Replay, data: SequenceData) -> dict[str, Array]:
    found = np.stack(replay.read(numbers(data, data.test_inputs[:1]))[0])[:, 0, :, :SHOWN_STATES]  # (layers, T, shown)
    with np.errstate(invalid="ignore", over="ignore"):
        peaks = np.abs(np.nan_to_num(found)).max(axis=(1, 2))
        levels = np.nan_to_num(found / np.where(peaks > 0, peaks, 1)[:, np.newaxis, np.newaxis]) * STATE_LEVELS
    return {"states": np.rint(np.clip(levels, -STATE_LEVELS, STATE_LEVELS)).astype(np.int8),
            "state_peaks": peaks.astype(np.float32)}  # fmt: skip


def asked(data: SequenceData, rows: Array) -> tuple[Array, Array]:
    """Return which answer of some test sequences a gradient is asked of, and which of its outputs, each (rows,)."""
    places = asked_places(data)[rows]
    if data.task == "regression":
        return places, np.zeros(len(rows), np.int32)
    targets = data.test_targets[rows].reshape(len(rows), -1)
    return places, targets[np.arange(len(rows)), places]


def _gradients(replay: Replay, data: SequenceData) -> dict[str, Array]:
    rows = np.arange(min(GRADIENT_ROWS, len(data.test_inputs)))
    with np.errstate(over="ignore", invalid="ignore"):
        found = replay.gradients(numbers(data, data.test_inputs[rows]), *asked(data, rows))
        view = {"gradient": np.nan_to_num(gradient_by_lag(data, found, rows), nan=0.0)}
    if data.test_slopes is not None:
        slopes, truth = found[..., 0], data.test_slopes[rows] > 0
        view["slopes"] = slopes[:SLOPE_ROWS].astype(np.float32)
        view["slope_means"] = np.array([slopes[truth].mean(), slopes[~truth].mean()], np.float32)
    return view


def radius(recurrent: Array) -> float:
    """Return the largest absolute eigenvalue of U: how much a step stretches or shrinks in the long run."""
    return float(np.abs(np.linalg.eigvals(recurrent)).max()) if np.isfinite(recurrent).all() else float("nan")


def drawn_edges(replay: Replay) -> Array:
    """Return the weights between what the drawing shows, flattened; see RnnView.edges."""
    parts = []
    for layer in replay.layers:
        parts += [layer.kernel[:SHOWN_UNITS, :SHOWN_UNITS], layer.recurrent[:SHOWN_UNITS, :SHOWN_UNITS]]
    if replay.write is not None:
        parts += [replay.write.kernel[:SHOWN_UNITS, :SHOWN_UNITS], replay.write.recurrent[:SHOWN_UNITS, :SHOWN_UNITS]]
    parts.append(replay.kernel[:SHOWN_UNITS, :SHOWN_UNITS])
    return np.concatenate([part.ravel() for part in parts])


def _answers(data: SequenceData, outputs: Array) -> dict[str, Array]:
    if isinstance(data, SeriesData):
        return {"predictions": data.forecasts(outputs)[:SHOWN_ANSWERS].astype(np.float32)}
    if data.task == "regression":
        return {"predictions": data.original_targets(outputs[:SHOWN_ANSWERS, 0]).astype(np.float32)}
    shown = outputs[:SHOWN_ANSWERS] if data.form == "last" else outputs[0]
    found = {"probabilities": np.exp(log_probabilities(shown)).astype(np.float16)}
    if data.form != "last":
        found["step_accuracy"] = np.nan_to_num(accuracy_by_step(data, outputs), nan=-1.0)
    return found


def scenery(data: SequenceData) -> Mapping[str, Array]:
    """Return what training does not change.

    first_inputs: (T, d) float32, or (T,) int32 tokens, of the first test sequence; test_targets: (240 or fewer,), in
    the target's unit, or the class; of many answers: (A,) those of the first test sequence, -1 where none counts.
    slope_truth: adding problem only, (12, T) float32. series: (N,) float64, series only.
    """
    found: dict[str, Array] = {"first_inputs": data.test_inputs[0]}
    if isinstance(data, SeriesData):
        assert data.series is not None
        found |= {"test_targets": data.truth()[:SHOWN_ANSWERS], "series": data.series}
    elif data.form == "last":
        found["test_targets"] = np.asarray(data.original_targets(data.test_targets[:SHOWN_ANSWERS]))
    else:
        found["test_targets"] = data.loss_targets("test")[0]
    if data.test_slopes is not None:
        found["slope_truth"] = data.test_slopes[:SLOPE_ROWS]
    return found
