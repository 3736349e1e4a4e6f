"""What an autoencoder gets: inputs that are their own targets, some of them disturbed, and some that it never met.

On tumours the benign ones are the normal case: training sees only them, and the scaling is fitted on them alone. On
digits one of the ten may be held out in the same way. All others in the test part are normal, too.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import Dataset, UnfitData
from lab.datasets.images import DOWNLOADED
from models.base import Array
from models.configs import AutoencoderConfig
from models.image_downloads import downloaded

NORMAL = {"breast_cancer": "benign"}
OF_DIGITS = ("digits", "mnist")
TESTED = 2000  # images of the original test part of a downloaded set


@dataclass(frozen=True, eq=False)
class SqueezedData(Dataset):
    """A Dataset whose targets are only names for the pictures.

    anomalies: (m,) bool, test examples of the kind that training never saw; unknown: name of that kind, "" if none.
    noise, seed: the deviation of the noise on what the network sees, and what fixes it for the test.
    """

    anomalies: Array = field(default_factory=lambda: np.zeros(0, bool))
    unknown: str = ""
    noise: float = 0.0
    seed: int = 0

    def seen(self, part: str) -> Array:
        """Return what the network is shown of a part, (n, d) float32: the inputs, with the same noise each time."""
        inputs = np.asarray(getattr(self, f"{part}_inputs"))
        if not self.noise:
            return inputs
        generator = np.random.default_rng([self.seed, 5, part == "test"])
        return (inputs + self.noise * generator.standard_normal(inputs.shape)).astype(np.float32)

    def groups(self) -> Array:
        """Return the group of each test example: its class, or the quarter of the target it lies in. (m,) int."""
        if self.task == "classification":
            return np.asarray(self.test_targets, int)
        limits = np.quantile(self.train_targets, (0.25, 0.5, 0.75))
        return np.searchsorted(limits, self.test_targets, side="right")

    def summary(self) -> dict[str, Any]:
        """Return what a page says of the data, as JSON values."""
        told = {"unknown": self.unknown, "anomalies": int(self.anomalies.sum())}
        return {**super().summary(), **told}


def load(config: AutoencoderConfig) -> SqueezedData:
    """Return the data of these settings. Raises UnfitData where they do not go together."""
    data = (
        _fetched(config)
        if config.dataset in DOWNLOADED
        else load_data(
            config.dataset, seed=config.seed, test_share=config.test_share, upload=config.upload, target=config.target
        )
    )
    if config.kind == "convolutional" and data.image_shape is None:
        raise UnfitData("A convolution slides over images; this table has none. Choose the dense kind.")
    if config.held_out != "none" and config.dataset not in OF_DIGITS:
        raise UnfitData("Only a digit can be held out as unknown. Choose the digits, or no unknown digit.")
    if config.dataset in NORMAL:
        unknown = next(kind for kind, name in enumerate(data.class_names) if name != NORMAL[config.dataset])
        return _scaled_to_training(_without(data, unknown, config))
    unknown = -1 if config.held_out == "none" else int(config.held_out)
    return _without(data, unknown, config)


def _fetched(config: AutoencoderConfig) -> Dataset:
    """Return a downloaded set with the first 2,000 test images: all of them would hold up every recorded moment."""
    data = downloaded(config.dataset, seed=config.seed, most=config.examples)
    note = f"Of the {len(data.test_inputs):,} test images the first {TESTED:,}."
    return replace(
        data, test_inputs=data.test_inputs[:TESTED], test_targets=data.test_targets[:TESTED],
        test_rows=data.test_rows[:TESTED], notes=(*data.notes, note),
    )  # fmt: skip


def _without(data: Dataset, unknown: int, config: AutoencoderConfig) -> SqueezedData:
    """Take the examples of class `unknown` (-1: none) out of the training part."""
    values: dict[str, Any] = {item.name: getattr(data, item.name) for item in fields(Dataset)}
    anomalies = np.zeros(len(data.test_targets), bool)
    if unknown >= 0:
        kept = data.train_targets != unknown
        for name in ("train_inputs", "train_targets", "train_rows"):
            values[name] = values[name][kept]
        anomalies = np.asarray(data.test_targets == unknown)
    name = data.class_names[unknown] if unknown >= 0 else ""
    return SqueezedData(**values, anomalies=anomalies, unknown=name, noise=config.noise, seed=config.seed)


def _scaled_to_training(data: SqueezedData) -> SqueezedData:
    """Standardize again by what is left of the training part: the anomalies must not teach the scale either."""
    mean, scale = data.train_inputs.mean(0), data.train_inputs.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    values: dict[str, Any] = {item.name: getattr(data, item.name) for item in fields(SqueezedData)}
    for part in ("train_inputs", "test_inputs"):
        values[part] = ((values[part] - mean) / scale).astype(np.float32)
    return SqueezedData(**values)
