"""The environment in which TensorFlow is imported: quiet, on few threads, with compiled functions kept on disk."""

import contextlib
import stat
from pathlib import Path

CACHE_FLAGS = "--tf_xla_persistent_cache_directory={folder} --tf_xla_persistent_cache_read_only=false"


def training_environment(cache_folder: Path, cache_megabytes: int) -> dict[str, str]:
    """Return the variables to set before TensorFlow is imported.

    cache_folder: where XLA keeps compiled functions; it must be writable by this user alone, since what lies there is
    executed. cache_megabytes: its bound; 0 keeps nothing. OpenBLAS and OpenMP get one thread, so that the process that
    forks the runs has one thread itself.
    """
    variables = {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # each thread of a run would keep freed memory in an arena of its own: 60 MB a run
        "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a forking process must have one thread
    }
    if cache_megabytes > 0:
        cache_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        prune(cache_folder, cache_megabytes * 1_000_000)
        variables["TF_XLA_FLAGS"] = CACHE_FLAGS.format(folder=cache_folder)
    return variables


def prune(folder: Path, most_bytes: int) -> None:
    """Delete the oldest files of a folder until it holds at most so many bytes; files may vanish meanwhile."""
    found: list[tuple[float, int, Path]] = []
    for file in folder.iterdir():
        with contextlib.suppress(OSError):
            status = file.stat()
            if stat.S_ISREG(status.st_mode):
                found.append((status.st_mtime, status.st_size, file))
    total = sum(size for _, size, _ in found)
    for _, size, file in sorted(found):
        if total <= most_bytes:
            return
        total -= size
        with contextlib.suppress(OSError):
            file.unlink()
