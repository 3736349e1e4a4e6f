"""What needed other networks: the stored results of `python -m evidence.sharpness`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np


@cache
def stored() -> dict[str, Any]:
    """Return the stored results, {} where there are none."""
    path = Path(__file__).parents[2] / "evidence" / "results" / "sharpness.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def of_autoencoders(dataset: str) -> dict[str, float]:
    """Return the mean sharpness over the seeds by name, {} for images that were not measured.

    rebuilt: of held-out images after an autoencoder; drawn: of a variational one's draws; numbers: how many the images
    were squeezed into; seeds: how many runs.
    """
    rows = [row for row in stored().get("rows", []) if row["dataset"] == dataset]
    if not rows:
        return {}
    means = {name: float(np.mean([row[name] for row in rows])) for name in ("rebuilt", "drawn")}
    return {**means, "numbers": rows[0]["numbers"], "seeds": len(rows)}
