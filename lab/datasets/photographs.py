"""The two photographs that come with scikit-learn, as colours: each pixel is an example of three numbers.

Sources: "china.jpg" by Zhang Yue (a roof of the Summer Palace) and "flower.jpg" by dany13 (a dahlia), both CC BY 2.0.
"""

import numpy as np

from lab.datasets.dataset import Array, Dataset
from lab.datasets.split import split_rows, standardize

FILES = {"temple": "china.jpg", "flower": "flower.jpg"}
TITLES = {"temple": "Photograph of a temple", "flower": "Photograph of a flower"}
WIDTH, HEIGHT, PIXELS = 128, 85, 4000
BRIGHTNESS = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue (ITU-R BT.709)


def photograph(name: str) -> Array:
    """Return the photograph, reduced by averaging: (85, 128, 3) uint8. Names: FILES."""
    from PIL import Image
    from sklearn.datasets import load_sample_image

    large = Image.fromarray(load_sample_image(FILES[name]))
    return np.asarray(large.resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def colours(name: str, *, seed: int = 0, test_share: float = 0.25) -> Dataset:
    """Return 4,000 pixels of the photograph, chosen by the seed: red, green, blue in 0..1; the target is brightness."""
    pixels = (photograph(name).reshape(-1, 3) / 255.0).astype(np.float32)
    rows = np.random.default_rng([seed, 2]).permutation(len(pixels))[:PIXELS]
    train, test = split_rows(len(rows), None, test_share=test_share, seed=seed)
    bright = pixels[rows] @ BRIGHTNESS
    train_targets, test_targets, mean, scale = standardize(bright[train], bright[test])
    return Dataset(
        name=name,
        title=TITLES[name],
        task="regression",
        train_inputs=pixels[rows[train]],
        train_targets=train_targets,
        test_inputs=pixels[rows[test]],
        test_targets=test_targets,
        train_rows=rows[train],
        test_rows=rows[test],
        input_names=("red", "green", "blue"),
        source=f"{PIXELS:,} of the {HEIGHT * WIDTH:,} pixels of a photograph that comes with scikit-learn (CC BY 2.0).",
        target_name="brightness",
        target_mean=mean,
        target_scale=scale,
    )
