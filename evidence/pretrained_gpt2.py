"""Does GPT-2 in our own blocks answer like GPT-2? Fetches the real weights (548 MB) and compares with recorded answers.

The reference, `reference/gpt2.json`, holds what OpenAI's GPT-2 of 124 million parameters answers to five prompts: token
ids, the 20 highest logits of the last position, and the attention of three heads; read off the public example files of
poloclub/transformer-explainer. The model recorded there bends with the exact GELU, GPT-2 itself with its tanh form, so
both are measured: the exact one must agree to what was rounded away, the other one comes near.
`python -m evidence pretrained-gpt2 [FOLDER]` reads the weights from a folder instead. Without network it says so and
ends with status 2.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.dataset import UnfitData
from models.base import Array
from models.hub import fetch
from models.pretrained import Pretrained, fill, load_folder
from models.transformer import build_transformer
from models.transformer_generation import GREEDY, generate
from models.transformer_trace import trace

NAME = "openai-community/gpt2"
PARAMETERS = 124_439_808
REFERENCE = Path(__file__).parent / "reference" / "gpt2.json"
RESULT = Path(__file__).parent / "results" / "pretrained_gpt2.json"
DOG = (464, 3290)  # "The dog"
DOG_GOES_ON = (373, 1043, 287, 257, 2214, 1474, 262, 16246)
CLOSE_LOGITS, CLOSE_ATTENTION = 0.02, 2e-3  # recorded with three and five decimals; sums are taken in another order


def reference() -> list[dict[str, Any]]:
    """Return the recorded prompts with their answers."""
    found: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["prompts"]
    return found


def compared(model: Any, loaded: Pretrained, prompt: dict[str, Any]) -> dict[str, Any]:
    """Return how far a model is from what was recorded for one prompt: the largest differences."""
    ids = np.array(prompt["token_ids"], np.int32)
    found = trace(model, loaded.architecture, ids)
    logits = np.asarray(model(ids[np.newaxis]))[0, -1]
    candidates, values = (np.array(column) for column in zip(*prompt["top_logits"], strict=True))
    assert found.attention is not None
    return {
        "prompt": prompt["prompt"],
        "same_tokens": loaded.tokenizer.ids(prompt["prompt"]).tolist() == ids.tolist(),
        "same_best": int(logits.argmax()) == int(candidates[0]),
        "among_best_20": len({*np.argsort(-logits)[:20].tolist()} & {*candidates.tolist()}),
        "logits": float(abs(logits[candidates.astype(int)] - values).max()),
        "attention": max(_apart(found.attention, name, rows) for name, rows in prompt["attention"].items()),
    }


def _apart(attention: Array, name: str, rows: list[list[float]]) -> float:
    """Return the largest difference in one head, named "layer 5 head 5"."""
    _, layer, _, head = name.split()
    return float(abs(attention[int(layer), int(head)] - np.array(rows)).max())


def exact(loaded: Pretrained, folder: Path) -> Any:
    """Return the same network with the exact GELU."""
    architecture = replace(loaded.architecture, activation="gelu")
    model = build_transformer(architecture)
    fill(model, architecture, folder)
    return model


def measure(folder: Path) -> dict[str, Any]:
    """Return all comparisons for the weights in a folder."""
    loaded = load_folder(folder)
    written = generate(loaded.model, loaded.architecture, DOG, len(DOG_GOES_ON), sampling=GREEDY).tokens
    tanh = [compared(loaded.model, loaded, prompt) for prompt in reference()]
    other = exact(loaded, folder)
    return {
        "parameters": int(loaded.model.count_params()), "dog_goes_on": written.tolist(),
        "tanh": tanh, "exact": [compared(other, loaded, prompt) for prompt in reference()],
    }  # fmt: skip


def faults(found: dict[str, Any]) -> list[str]:
    """Return what is not as it was recorded, as sentences."""
    wrong = []
    if found["parameters"] != PARAMETERS:
        wrong.append(f"{found['parameters']:,} parameters, not {PARAMETERS:,}.")
    if tuple(found["dog_goes_on"]) != DOG_GOES_ON:
        wrong.append(f"“The dog” goes on with {found['dog_goes_on']}, not {list(DOG_GOES_ON)}.")
    for row in found["exact"]:
        if not (row["same_tokens"] and row["same_best"]):
            wrong.append(f"“{row['prompt']}”: other tokens, or another best candidate.")
        if row["logits"] > CLOSE_LOGITS or row["attention"] > CLOSE_ATTENTION:
            wrong.append(f"“{row['prompt']}”: logits {row['logits']:.3g}, attention {row['attention']:.3g} apart.")
    return wrong


def main(arguments: Sequence[str]) -> int:
    """Compare, print, and write the result; 0 if all agrees, 1 if not, 2 if the weights are not to be had."""
    try:
        folder = Path(arguments[0]) if arguments else fetch(NAME, _show)
        found = measure(folder)
    except UnfitData as problem:
        print(problem, file=sys.stderr)
        return 2
    for row in [*found["tanh"], *found["exact"]]:
        print(row)
    wrong = faults(found)
    print("\n".join(wrong) or "All as recorded.")
    if not arguments:
        told = {"command": "python -m evidence pretrained-gpt2", "created": datetime.now(UTC).isoformat("T", "seconds")}
        RESULT.write_text(json.dumps({"about": told, **found}, indent=1) + "\n", encoding="utf-8")
    return 1 if wrong else 0


def _show(here: float, total: float) -> None:
    if total:
        print(f"\r{here:,.0f} of {total:,.0f} MB", end="\n" if here >= total else "", file=sys.stderr, flush=True)
