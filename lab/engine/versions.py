"""On what a run was computed, in words."""

import contextlib
import platform
from collections.abc import Mapping
from importlib import metadata


def describe(device: Mapping[str, str]) -> str:
    """Return a device as one text, such as "CPU: AMD EPYC"."""
    return f"{device.get('kind', 'CPU')}: {device.get('name', 'unknown')}"


def versions() -> dict[str, str]:
    """Return the versions that decide a run's numbers."""
    found = {"python": platform.python_version()}
    for package in ("tensorflow", "keras", "numpy", "scikit-learn"):
        for name in (package, f"{package}-cpu"):
            with contextlib.suppress(metadata.PackageNotFoundError):
                found.setdefault(package, metadata.version(name))
    return found
