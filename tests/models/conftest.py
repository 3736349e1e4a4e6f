"""What the tests of all families share: quiet TensorFlow, a table of one's own, and short settings."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def own_table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Store a small table of one's own and yield the settings that ask for it."""
    from lab.datasets.uploaded import check_csv, save
    from lab.storage import uploads_folder

    generator = np.random.default_rng(0)
    lines = ["width,height,kind"]
    for width, height in generator.normal(size=(60, 2)):
        lines.append(f"{width:.3f},{height:.3f},{'tall' if height > width else 'wide'}")
    with pytest.MonkeyPatch.context() as patch:
        folder: Path = tmp_path_factory.mktemp("data")
        patch.setenv("ROAD_DATA_DIR", str(folder))
        table = check_csv("\n".join(lines).encode(), "own.csv")
        save(table, uploads_folder())
        yield {"upload": table.digest, "target": "kind"}


@pytest.fixture(scope="session")
def own_sequences(own_table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Store a series and a text of one's own beside the table; return the settings that ask for each."""
    from lab.datasets.text import save_text
    from lab.datasets.uploaded import check_csv, save
    from lab.storage import uploads_folder

    rows = [f"2026-{1 + day // 28:02d}-{1 + day % 28:02d},{day % 7 + day / 50:.2f}" for day in range(140)]
    table = check_csv("\n".join(["day,value", *rows]).encode(), "series.csv")
    save(table, uploads_folder())
    digest = save_text(b"the cat sat on the mat, and then it slept. " * 100, uploads_folder())
    return {"own": own_table, "own_series": {"upload": table.digest, "target": "value"}, "own_text": {"upload": digest}}
