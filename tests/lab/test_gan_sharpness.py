"""Sharpness beside the autoencoder's: the stored result against its own rows, the data, and a short run made anew."""

import json
from pathlib import Path

import numpy as np
import pytest

from evidence import sharpness
from lab.charts import gan_inside, gan_measured
from lab.datasets.bundled import bundled
from lab.shown_run import ShownRun
from models.gan_measures import sharpness as variance_of_laplacian
from models.presets import PRESETS
from models.views import GanView

STORED = json.loads((Path(sharpness.__file__).parent / "results" / "sharpness.json").read_text(encoding="utf-8"))


def laplacian(image: np.ndarray) -> list[float]:
    """Return the Laplacian of the inner pixels of one image, by loops."""
    rows, columns = image.shape
    return [
        float(image[r - 1, c] + image[r + 1, c] + image[r, c - 1] + image[r, c + 1] - 4 * image[r, c])
        for r in range(1, rows - 1)
        for c in range(1, columns - 1)
    ]


def test_the_stored_sharpness_of_real_digits_is_that_of_the_data() -> None:
    for row in (row for row in STORED["rows"] if row["dataset"] == "digits"):
        images = bundled("digits", seed=row["seed"], test_share=0.25).test_inputs[: sharpness.COUNT]
        values = [value for image in images.reshape(-1, 8, 8).astype(float) for value in laplacian(image)]
        assert row["real"] == pytest.approx(np.var(values), rel=1e-5)


@pytest.mark.parametrize("dataset", ["digits", "fashion_mnist"])
def test_an_autoencoder_blurs_and_the_settings_are_todays(dataset: str) -> None:
    rows = [row for row in STORED["rows"] if row["dataset"] == dataset]
    assert sorted(row["seed"] for row in rows) == STORED["about"]["seeds"][dataset]
    settings = next(one.settings for one in PRESETS["gan"] if one.settings.get("dataset") == dataset)
    assert STORED["about"]["settings"][dataset] == settings
    for row in rows:
        assert row["numbers"] == settings["latent"]
        assert row["rebuilt"] < row["real"] and row["drawn"] < row["real"] and row["generated"] > row["rebuilt"]
    found = gan_measured.of_autoencoders(dataset)
    assert found["rebuilt"] == pytest.approx(sum(row["rebuilt"] for row in rows) / len(rows))
    assert found["drawn"] == pytest.approx(sum(row["drawn"] for row in rows) / len(rows))


def test_a_short_run_measures_the_autoencoders_own_pictures() -> None:
    data, model = sharpness.autoencoder("digits", 0, 4, 0.0, 1)
    outputs = model.predict(data.test_inputs[: sharpness.COUNT], verbose=0).reshape(-1, 8, 8)
    values = [value for image in outputs.astype(float) for value in laplacian(image)]
    assert sharpness.by_autoencoders("digits", 0, 4, 1)["rebuilt"] == pytest.approx(np.var(values), rel=1e-4)
    assert variance_of_laplacian(outputs) == pytest.approx(np.var(values), rel=1e-6)


def test_the_bars_and_the_notice_hold_the_stored_means() -> None:
    found = gan_measured.of_autoencoders("digits")
    run = ShownRun(
        "one", "gan", {"dataset": "digits"}, "live", facts={"data": {"image_shape": [8, 8]}},
        scene={"sharpness_real": np.array([0.5])},
    )  # fmt: skip
    view = GanView(sharpness=np.array([0.6]))
    drawn = gan_inside.sharp(run, view).to_dict()
    values = [row["value"] for row in next(iter(drawn["datasets"].values()))]
    assert values == pytest.approx([0.6, found["rebuilt"], found["drawn"], 0.5])
    told = gan_inside.sharp_notice(run, view)
    assert "120%" in told and f"{found['rebuilt'] / 0.5:.0%}" in told and f"{found['drawn'] / 0.5:.0%}" in told
    elsewhere = ShownRun(**{**vars(run), "config": {"dataset": "mnist"}})
    assert "autoencoder" not in gan_inside.sharp_notice(elsewhere, view)
