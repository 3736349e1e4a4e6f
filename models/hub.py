"""Fetches published models on request through `huggingface_hub`: three files each, kept in its cache. No pickles.

The numbers of a model come as safetensors alone. Where the files lie in the cache already, no network is needed.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab.datasets.dataset import UnfitData

FILES = ("config.json", "tokenizer.json", "model.safetensors")
Report = Callable[[float, float], None]  # megabytes that are here, megabytes in all
NOT_GIVEN = {"RepositoryNotFoundError", "EntryNotFoundError", "GatedRepoError"}
REPORT_MEGABYTES = 1.0


def cached(name: str) -> Path | None:
    """Return the folder of a model that was fetched before and is whole, None otherwise; asks no network."""
    from huggingface_hub import try_to_load_from_cache

    found = [one for file in FILES if isinstance(one := try_to_load_from_cache(name, file), str)]
    return Path(found[0]).parent if len(found) == len(FILES) else None


def fetch(name: str, report: Report) -> Path:
    """Return the folder of a model, fetched first where it is not here. Raises UnfitData with a sentence."""
    if (folder := cached(name)) is not None:
        return folder
    report(0.0, 0.0)
    try:
        _look_for_network()
        return _fetched(name, report)
    except UnfitData:
        raise
    except Exception as problem:  # many kinds, from several libraries: no network, no such model, no room
        raise UnfitData(sentence_for(name, problem)) from problem


def sentence_for(name: str, problem: Exception) -> str:
    """Say why a model could not be fetched, and what to do."""
    kinds = {kind.__name__ for kind in type(problem).__mro__}
    if "LocalEntryNotFoundError" not in kinds and kinds & NOT_GIVEN:
        return f"The Hub does not give out {name} with config.json, tokenizer.json and model.safetensors."
    if isinstance(problem, OSError) and problem.errno == 28:
        return f"There is no room on the disk for {name}. Make room, then ask again."
    return (
        f"{name} is not on this machine, and it could not be fetched: there seems to be no way to the internet. "
        "The small GPT comes with the app."
    )


def _look_for_network() -> None:
    """Raise OSError at once where the Hub's name leads nowhere: the library would try again for half a minute."""
    from huggingface_hub.constants import ENDPOINT

    if not any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        address = urlsplit(ENDPOINT)
        socket.getaddrinfo(address.hostname, address.port or 443)


def _fetched(name: str, report: Report) -> Path:
    from huggingface_hub import hf_hub_download

    sizes = {file: int(hf_hub_download(name, file, dry_run=True).file_size or 0) for file in FILES}
    progress = Progress(sum(sizes.values()), report)
    folder = Path()
    for file in FILES:
        folder = Path(hf_hub_download(name, file, tqdm_class=progress.bar())).parent
        progress.has(file, sizes)
    return folder


class Progress:
    """Sums up the bytes of several files, and reports them a megabyte at a time."""

    def __init__(self, total: int, report: Report) -> None:
        self.total, self.report = total, report
        self.whole, self.current, self.told = 0, 0.0, -1.0

    def has(self, file: str, sizes: dict[str, int]) -> None:
        """A file is complete."""
        self.whole = sum(sizes[name] for name in FILES[: FILES.index(file) + 1])
        self.current = 0.0
        self._tell(always=True)

    def grows(self, size: float) -> None:
        """So many more bytes of the current file are here."""
        self.current += size
        self._tell()

    def _tell(self, always: bool = False) -> None:
        here = (self.whole + self.current) / 1e6
        if always or here - self.told >= REPORT_MEGABYTES:
            self.told = here
            self.report(here, self.total / 1e6)

    def bar(self) -> Any:
        """Return a class that the library takes for its progress bar, and that counts here instead of drawing."""
        from huggingface_hub.utils import tqdm

        progress = self

        class Counting(tqdm):
            """Draws nothing."""

            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **{**named, "disable": True})
                progress.current += float(named.get("initial") or 0)

            def update(self, n: float | None = 1) -> bool | None:
                progress.grows(float(n or 0))
                return None

        return Counting
