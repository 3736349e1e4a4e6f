"""Images as data: what is generated, moved, shuffled, fetched, and what a person sends."""

import gzip
import os
import pickle
import shutil
import subprocess
import tarfile
import threading
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lab.datasets import images as image_sets
from lab.datasets.dataset import UnfitData
from lab.datasets.images import CACHED, download_share, images, permuted, shift
from lab.datasets.pictures import MAX_BYTES, decode, digit, for_network, photograph_square

PACKAGE, PLACE = "dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"


# ---- bundled and generated ----


def test_the_canvas_holds_the_digits_in_its_middle() -> None:
    small, large = images("digits", seed=3), images("digits_canvas", seed=3)
    assert large.shape == (12, 12, 1) and large.margin == 2
    np.testing.assert_array_equal(large.pictures("test")[:, 2:10, 2:10], small.pictures("test"))
    assert large.pictures("test").sum() == pytest.approx(small.pictures("test").sum())
    np.testing.assert_array_equal(large.test_targets, small.test_targets)


@pytest.mark.parametrize("distance", [1, 10, 14])
def test_pairs_are_what_they_say(distance: int) -> None:
    data = images("pair", samples=1000, distance=distance)
    rows = []
    for picture, target in zip(data.pictures("train")[..., 0], data.train_targets, strict=True):
        (first, second), (left, right) = np.nonzero(picture.T)[::-1]
        assert right - left == distance and (first == second) == bool(target)
        rows.append((first, second, target))
    first, second, target = np.array(rows).T
    for kind in (0, 1):  # each dot alone says nothing: every row is about equally frequent in both classes
        counts = np.bincount(first[target == kind], minlength=16), np.bincount(second[target == kind], minlength=16)
        assert min(map(min, counts)) > 5 and max(map(max, counts)) < 50
    assert abs(target.mean() - 0.5) < 0.01


def test_moving_by_loops() -> None:
    pictures = np.random.default_rng(0).random((2, 5, 4, 1))
    for right, down in [(0, 0), (1, 0), (-2, 3), (9, 0), (0, -9)]:
        wanted = np.zeros_like(pictures)
        for row in range(5):
            for column in range(4):
                if 0 <= row - down < 5 and 0 <= column - right < 4:
                    wanted[:, row, column] = pictures[:, row - down, column - right]
        np.testing.assert_array_equal(shift(pictures, right, down), wanted)


def test_shuffling_keeps_every_pixel_and_is_the_same_for_all_images() -> None:
    plain = images("digits_canvas")
    shuffled = permuted(plain, seed=0)
    before, after = plain.pictures("test").reshape(-1, 144), shuffled.pictures("test").reshape(-1, 144)
    assert shuffled.order is not None and sorted(shuffled.order) == list(range(144))
    for row in range(3):
        assert all(after[row, k] == before[row, shuffled.order[k]] for k in range(144))
    moved = shuffled.moved(shuffled.pictures("test"), 2, -1).reshape(-1, 144)
    np.testing.assert_array_equal(moved, shift(plain.pictures("test"), 2, -1).reshape(-1, 144)[:, shuffled.order])


def test_an_unknown_set_is_refused_in_words() -> None:
    with pytest.raises(UnfitData, match="no images called"):
        images("imagenet")


# ---- fetched ----


@pytest.fixture(scope="module")
def fashion_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Fashion-MNIST's four original files, from Debian's package; skip where it cannot be had."""
    installed = Path("/") / PLACE
    if installed.exists():
        return installed
    folder = tmp_path_factory.mktemp("debian")
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg")
    if apt is None or dpkg is None:
        pytest.skip("no apt-get here to fetch Debian's package dataset-fashion-mnist")
    try:
        fetched = subprocess.run([apt, "download", PACKAGE], cwd=folder, capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("Debian's package dataset-fashion-mnist could not be fetched in two minutes")
    found = list(folder.glob("*.deb"))
    if fetched.returncode or not found:
        pytest.skip("Debian's package dataset-fashion-mnist is neither installed nor can it be fetched")
    subprocess.run([dpkg, "-x", str(found[0]), str(folder / "x")], check=True, timeout=60)
    return folder / "x" / PLACE


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give Keras an empty cache of its own, and no network."""
    from keras.src.backend import config
    from keras.src.utils import file_utils

    def no_network(*_: Any) -> None:
        raise urllib.error.URLError("Temporary failure in name resolution")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(file_utils, "urlretrieve", no_network)
    return tmp_path


def test_fashion_mnist_loads_from_its_original_files(fashion_files: Path, keras_home: Path) -> None:
    from models.image_downloads import downloaded

    assert download_share("fashion_mnist") == 0.0
    folder = keras_home / "datasets" / "fashion-mnist"
    shutil.copytree(fashion_files, folder)
    assert download_share("fashion_mnist") == 1.0
    data = downloaded("fashion_mnist", seed=0, most=2000)
    assert data.shape == (28, 28, 1) and len(data.train_inputs) == 2000 and len(data.test_inputs) == 10000
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        raw = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    np.testing.assert_array_equal(np.rint(255 * data.pictures("test")[:50, :, :, 0]), raw[:50])
    np.testing.assert_array_equal(data.test_targets, labels)
    assert np.bincount(data.test_targets).tolist() == [1000] * 10
    assert data.class_names[data.test_targets[0]] == "boot"  # the first test image is the well-known ankle boot
    assert len(set(data.train_rows.tolist())) == 2000 and data.train_rows.max() >= 50_000


@pytest.mark.parametrize("name", image_sets.DOWNLOADED)
def test_without_a_network_it_says_so_and_what_to_do(name: str, keras_home: Path) -> None:
    from models.image_downloads import downloaded

    with pytest.raises(UnfitData, match=r"could not be fetched \(\d+ MB\).*Choose digits"):
        downloaded(name, seed=0, most=100)
    assert download_share(name) == 0.0


def test_a_half_fetched_file_is_removed_and_said_so(fashion_files: Path, keras_home: Path) -> None:
    from models.image_downloads import downloaded

    folder = keras_home / "datasets" / "fashion-mnist"
    shutil.copytree(fashion_files, folder)
    images_file = folder / "train-images-idx3-ubyte.gz"
    whole = images_file.read_bytes()
    images_file.write_bytes(whole[: len(whole) // 2])
    assert download_share("fashion_mnist") == pytest.approx(0.57, abs=0.02)  # the other files, and half of this one
    with pytest.raises(UnfitData, match="incomplete and have been removed"):
        downloaded("fashion_mnist", seed=0, most=100)
    assert not any((keras_home / file).exists() for file in CACHED["fashion_mnist"])


def test_mnist_in_keras_own_format(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST's file is checked by its hash, which a made-up file cannot have: the check is left out here."""
    from keras.src.utils import file_utils

    from models.image_downloads import downloaded

    monkeypatch.setattr(file_utils, "validate_file", lambda *_, **__: True)
    generator = np.random.default_rng(0)
    file = keras_home / "datasets" / "mnist.npz"
    file.parent.mkdir(parents=True)
    parts = {"x_train": (30, 28, 28), "x_test": (10, 28, 28)}
    arrays = {name: generator.integers(0, 256, shape, np.uint8) for name, shape in parts.items()}
    np.savez(file, **arrays, y_train=np.arange(30) % 10, y_test=np.arange(10))  # type: ignore[arg-type]
    data = downloaded("mnist", seed=0, most=20)
    assert data.shape == (28, 28, 1) and len(data.train_inputs) == 20
    np.testing.assert_array_equal(np.rint(255 * data.pictures("train")[..., 0]), arrays["x_train"][data.train_rows])
    np.testing.assert_array_equal(data.train_targets, data.train_rows % 10)


def cifar_archive(file: Path) -> tuple[Any, Any]:
    """Write an archive in CIFAR-10's layout: six pickled batches of 10,000 rows, red, green, blue, each row by row.

    The pixels are empty but for a mark that tells batch and row. Return the marks of all rows, and their labels.
    """
    file.parent.mkdir(parents=True)
    labels = np.random.default_rng(6).integers(0, 10, 60_000)
    with tarfile.open(file, "w:gz", compresslevel=1) as archive:
        for number, name in enumerate(("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5",
                                       "test_batch")):  # fmt: skip
            rows = np.arange(10_000)
            data = np.zeros((10_000, 3072), np.uint8)
            data[:, 0], data[:, 1024 + 33], data[:, 2048 + 66] = number + 1, rows // 256, rows % 256
            own = labels[number * 10_000 :][:10_000].tolist()
            content = pickle.dumps({b"data": data, b"labels": own})  # bytes, as Python 2 wrote its strings
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return np.tile(np.arange(10_000), 6), labels


def test_cifar_in_its_own_archive(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is checked by its hash, which a made-up archive cannot have: the check is left out here."""
    from keras.src.utils import file_utils

    from models.image_downloads import downloaded

    monkeypatch.setattr(file_utils, "validate_file", lambda *_, **__: True)
    (place,) = CACHED["cifar10"]
    rows, labels = cifar_archive(keras_home / place)
    data = downloaded("cifar10", seed=0, most=700)
    assert data.shape == (32, 32, 3) and len(data.train_inputs) == 700 and len(data.test_inputs) == 10_000
    for part, sources in (("train", data.train_rows), ("test", 50_000 + data.test_rows)):
        seen = np.rint(255 * data.pictures(part)).astype(int)  # type: ignore[arg-type]
        np.testing.assert_array_equal(seen[:, 0, 0, 0], sources // 10_000 + 1)  # red, row 0, column 0
        np.testing.assert_array_equal(256 * seen[:, 1, 1, 1] + seen[:, 2, 2, 2], rows[sources])
        np.testing.assert_array_equal(getattr(data, f"{part}_targets"), labels[sources])
    assert data.class_names[0] == "plane" and data.class_names[9] == "truck"


class SlowFiles(SimpleHTTPRequestHandler):
    """Serves the files of a folder in small pieces, with a pause after each."""

    folder = Path()

    def do_GET(self) -> None:
        content = (self.folder / Path(self.path).name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for start in range(0, len(content), 1_000_000):
            self.wfile.write(content[start : start + 1_000_000])
            time.sleep(0.02)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


def test_the_progress_of_a_download_is_told_while_it_comes(
    fashion_files: Path, keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files come through Keras's own downloader, from a slow server on this machine instead of the internet."""
    import urllib.request

    from keras.src.utils import file_utils

    from models.image_downloads import downloaded

    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Files", (SlowFiles,), {"folder": fashion_files}))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def nearby(origin: str, *others: Any) -> Any:
        return urllib.request.urlretrieve(f"http://127.0.0.1:{server.server_port}/{Path(origin).name}", *others)

    monkeypatch.setattr(file_utils, "urlretrieve", nearby)
    with ThreadPoolExecutor(1) as pool:
        loading, shares = pool.submit(downloaded, "fashion_mnist", seed=0, most=500), []
        while not loading.done():
            shares.append(download_share("fashion_mnist"))
            time.sleep(0.01)
    server.shutdown()
    server.server_close()
    assert len(loading.result().train_inputs) == 500
    assert shares == sorted(shares) and download_share("fashion_mnist") == 1.0
    assert len({round(share, 1) for share in shares if 0.0 < share < 1.0}) >= 5  # told at many moments, not at its end


# ---- pictures of one's own ----


def file_of(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, format=kind, **options)
    return file.getvalue()


def test_a_picture_is_cut_to_its_middle_square() -> None:
    pixels = np.zeros((40, 100, 3), np.uint8)
    pixels[:, 30:70] = (10, 200, 30)
    found = decode(file_of(Image.fromarray(pixels)))
    assert found.shape == (40, 40, 3) and found.dtype == np.uint8
    assert (found == (10, 200, 30)).all()


def test_a_camera_picture_is_turned_upright() -> None:
    picture = Image.new("RGB", (20, 20))
    picture.paste((255, 255, 255), (0, 0, 20, 10))  # white above
    exif = Image.Exif()
    exif[0x0112] = 3  # lies upside down
    found = decode(file_of(picture, "JPEG", quality=95, exif=exif))
    assert found[3:7].mean() < 20 and found[13:17].mean() > 235


def test_what_is_see_through_lies_on_paper() -> None:
    assert (decode(file_of(Image.new("RGBA", (9, 9), (0, 0, 0, 0)))) == 255).all()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"GIF89a" + bytes(50), "cannot be read"),
        (file_of(Image.new("RGB", (50, 50)))[:60], "cannot be read"),
        (file_of(Image.new("RGB", (20, 20)), "BMP"), "cannot be read"),
        (bytes(MAX_BYTES + 1), "5 MB is the most"),
        (file_of(Image.new("1", (9000, 9000))), "40 million are the most"),
    ],
    ids=["empty", "another kind", "cut off", "BMP", "too heavy", "too large"],
)
def test_what_is_no_picture_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(UnfitData, match=words):
        decode(content)


def test_a_picture_reaches_the_network_in_its_own_size_and_sense() -> None:
    drawn = np.full((30, 30, 3), 255, np.uint8)
    drawn[12:18, 12:18] = 0  # dark ink on white paper
    found = for_network(drawn, 10, 10, 1, ink=True)
    assert found.shape == (10, 10, 1) and found.dtype == np.float32
    assert found[5, 5, 0] == 1.0 and found[0, 0, 0] == pytest.approx(0.0, abs=1e-7)
    kept = for_network(drawn, 10, 10, 1)
    np.testing.assert_allclose(kept, 1 - found, atol=1e-6)
    colour = np.zeros((8, 8, 3), np.uint8)
    colour[..., 0] = 255
    assert for_network(colour, 4, 4, 3)[0, 0].tolist() == [1.0, 0.0, 0.0]
    assert for_network(colour, 4, 4, 1)[0, 0, 0] == pytest.approx(0.299)


def test_a_picture_of_a_digit_is_cut_out_and_fills_the_field() -> None:
    drawn = np.full((60, 60, 3), 235, np.uint8)
    drawn[10:50, 38:42] = 40  # a one, off the middle, on greyish paper
    for size, long in ((8, 8), (28, 20)):
        found = digit(drawn, size)[..., 0]
        rows, columns = np.nonzero(found > 0.5)
        assert found.shape == (size, size) and found.max() == 1.0
        assert np.ptp(rows) + 1 == long and rows[0] + rows[-1] == size - 1
        assert np.ptp(columns) + 1 == round(long / 10) and abs(columns.mean() - (size - 1) / 2) <= 0.5
        np.testing.assert_array_equal(found, digit(255 - drawn, size)[..., 0])  # light on dark reads the same
    empty = digit(np.full((20, 20, 3), 250, np.uint8), 8)
    assert empty.shape == (8, 8, 1) and empty.max() < 0.05


def test_the_photographs_come_without_a_download() -> None:
    temple, flower = photograph_square("temple"), photograph_square("flower")
    assert temple.shape == flower.shape == (64, 64, 3) and not np.array_equal(temple, flower)
    assert os.environ.get("KERAS_HOME") is None or download_share("digits") == 1.0
