"""One door to all data: a name and the settings of a page give a Dataset."""

from collections.abc import Sequence
from pathlib import Path

from lab.datasets.bundled import BUNDLED, bundled
from lab.datasets.dataset import Dataset, UnfitData
from lab.datasets.generated import TITLES, generated


def load(
    name: str,
    *,
    seed: int = 0,
    test_share: float = 0.25,
    samples: int = 400,
    noise: float = 0.1,
    extra_features: Sequence[str] = (),
    upload: str = "",
    target: str = "",
    uploads: Path | None = None,
) -> Dataset:
    """Return the data `name`, the same for the same arguments.

    samples, noise, extra_features: 2-D sets only. upload: SHA-256 of a stored CSV file, target: its column to predict,
    uploads: the folder it is stored in (by default the app's own); these three for the name "own" only.
    Raises UnfitData with a plain sentence for own data that is missing or cannot be learned from.
    """
    if name in TITLES:
        return generated(
            name, seed=seed, test_share=test_share, samples=samples, noise=noise, extra_features=extra_features
        )
    if name in BUNDLED:
        return bundled(name, seed=seed, test_share=test_share)
    if name == "own":
        return _own(upload, target, uploads, seed=seed, test_share=test_share)
    raise UnfitData(f'There is no data called "{name}".')


def _own(upload: str, target: str, uploads: Path | None, *, seed: int, test_share: float) -> Dataset:
    from lab.datasets.own import own
    from lab.datasets.uploaded import load_upload
    from lab.storage import uploads_folder

    if not upload:
        raise UnfitData("Choose a CSV file first.")
    return own(load_upload(upload, uploads or uploads_folder()), target, seed=seed, test_share=test_share)
