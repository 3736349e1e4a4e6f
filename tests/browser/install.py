"""Make sure that there is a Chromium for the browser tests: `python -m tests.browser.install`.

Tried in this order: a Chromium that is installed, Debian's package (as root), Playwright's own download. Where nothing
works it says so; under CI (environment variable CI) that is a failure, elsewhere the browser tests are skipped.
"""

import os
import shutil
import subprocess
import sys

from benchmarks.chromium import chromium


def _attempt(*command: str) -> bool:
    print("$", " ".join(command), flush=True)
    return subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False).returncode == 0


def install() -> str | None:
    """Return the path of a Chromium, installing one if need be; None where nothing worked."""
    if found := chromium():
        return found
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get") and _attempt("apt-get", "update", "-qq"):
        _attempt("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
    if not chromium():
        _attempt(sys.executable, "-m", "playwright", "install", "chromium")
    return chromium()


if __name__ == "__main__":
    path = install()
    if path is None:
        print("No Chromium: neither apt-get nor Playwright could install one, so the browser tests cannot run.")
        sys.exit(1 if os.environ.get("CI") else 0)
    print(f"Chromium for the browser tests: {path}")
