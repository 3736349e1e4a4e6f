"""Where the app keeps finished runs and uploaded tables: one folder, chosen by the environment."""

import os
import tempfile
from functools import cache
from pathlib import Path

VARIABLE = "ROAD_DATA_DIR"
REPOSITORY = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Return the existing, writable folder for everything the app stores.

    The environment variable ROAD_DATA_DIR names it; without the variable it is `data/` in the repository, and where
    neither can be written (a read-only deployment) a folder of this user's own among the temporary files.
    """
    return _writable(os.environ.get(VARIABLE, ""))


def runs_folder() -> Path:
    """Return the existing folder of the finished runs, `runs/`."""
    return _existing(data_folder() / "runs")


def uploads_folder() -> Path:
    """Return the existing folder of the uploaded tables, `uploads/`."""
    return _existing(data_folder() / "uploads")


def examples_folder() -> Path:
    """Return the folder of the runs shipped with the repository; it is only read, and may be missing."""
    return REPOSITORY / "examples"


def pretrained_folder() -> Path:
    """Return the folder of the models shipped with the repository; it is only read."""
    return REPOSITORY / "pretrained"


@cache
def _writable(chosen: str) -> Path:
    for folder in [Path(chosen).expanduser()] * bool(chosen) + [REPOSITORY / "data"]:
        if _can_write(folder):
            return folder
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    fallback = Path(tempfile.gettempdir()) / f"road-to-transformers-{user}"
    # The temporary folder is shared by all users of the machine: another's folder of this name is not ours to use.
    if _can_write(fallback) and (not hasattr(os, "getuid") or fallback.stat().st_uid == os.getuid()):
        return fallback
    return Path(tempfile.mkdtemp(prefix="road-to-transformers-"))


def _can_write(folder: Path) -> bool:
    """Try it: permission bits do not tell about read-only mounts and full disks."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _existing(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
