"""What a visitor may ask a trained autoencoder: decode this code, walk from here to there, rebuild this picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models import autoencoder_measures as measures
from models.autoencoder_data import SqueezedData
from models.base import Array
from models.views import AutoencoderView

MOST_CODES = 200
MEASURED = 5000  # training examples, at most, whose mean code stands for all


def answer(halves: Any, data: SqueezedData, question: Mapping[str, Any]) -> AutoencoderView:
    """Answer one question. Raises ValueError, in plain words, on one that cannot be answered.

    {"decode": codes (n, up to k)}: missing numbers rest at the mean of the training codes;
    {"between": [row, row], "stops": n}: a straight walk between the codes of two test examples, and the blend of their
    inputs beside it; {"test_row": row} or {"input": numbers}: one example and what it is rebuilt as.
    """
    if "decode" in question:
        return _decoded(halves, data, _numbers(question["decode"], 2))
    if "between" in question:
        rows = [_row(data, row) for row in question["between"]]
        return _between(halves, data, rows, int(question.get("stops", 9)))
    if "test_row" in question:
        return _rebuilt(halves, data, data.seen("test")[[_row(data, question["test_row"])]])
    if "input" in question:
        given = _numbers([question["input"]], 2)
        if given.shape[1] != data.train_inputs.shape[1]:
            raise ValueError(f"An example has {data.train_inputs.shape[1]} numbers, this one {given.shape[1]}.")
        return _rebuilt(halves, data, given)
    raise ValueError("The network can decode, walk between two examples, or rebuild one.")


def _numbers(values: Any, dimensions: int) -> Array:
    try:
        found = np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError("Numbers were expected.") from error
    if found.ndim != dimensions or not found.size or len(found) > MOST_CODES or not np.isfinite(found).all():
        raise ValueError(f"Finite numbers were expected, for at most {MOST_CODES} pictures at once.")
    return found


def _row(data: SqueezedData, row: Any) -> int:
    number = int(row)
    if not 0 <= number < len(data.test_inputs):
        raise ValueError(f"There are {len(data.test_inputs)} test examples, counted from 0.")
    return number


def _judged(data: SqueezedData, pictures: Array) -> dict[str, Array]:
    """Return how far the training images nearest to each picture agree; nothing where there are no images."""
    if data.image_shape is None or data.task != "classification":
        return {}
    return {"answer_agreement": measures.agreement(pictures, data.train_inputs, data.train_targets)}


def _decoded(halves: Any, data: SqueezedData, given: Array) -> AutoencoderView:
    centre = halves.through(data.seen("train")[:MEASURED])[1].mean(axis=0)
    if given.shape[1] > len(centre):
        raise ValueError(f"The code has {len(centre)} numbers.")
    codes = np.tile(centre, (len(given), 1))
    codes[:, : given.shape[1]] = given
    outputs = halves.decode(codes)
    return AutoencoderView(answer_codes=codes, answer_outputs=outputs, **_judged(data, outputs))


def _between(halves: Any, data: SqueezedData, rows: list[int], stops: int) -> AutoencoderView:
    share = np.linspace(0.0, 1.0, min(max(stops, 2), 25))[:, np.newaxis]
    inputs = data.test_inputs[rows]
    ends = halves.through(data.seen("test")[rows])[1]
    codes = (1 - share) * ends[0] + share * ends[1]
    outputs, blend = halves.decode(codes), (1 - share) * inputs[0] + share * inputs[1]
    blended = {f"{name}_blend": one for name, one in _judged(data, blend).items()}
    return AutoencoderView(
        answer_codes=codes, answer_outputs=outputs, answer_blend=blend, **_judged(data, outputs), **blended
    )


def _rebuilt(halves: Any, data: SqueezedData, given: Array) -> AutoencoderView:
    outputs, codes, _ = halves.through(given)
    errors = measures.squared_errors(outputs, given)
    return AutoencoderView(answer_input=given[0], answer_outputs=outputs, answer_codes=codes, answer_error=errors)
