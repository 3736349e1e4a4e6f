"""Fetching published models, without a network: the cache, the progress, and sentences for what goes wrong."""

import errno
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.datasets.dataset import UnfitData
from models import hub

NAME = "someone/tiny"


@pytest.fixture
def told() -> list[tuple[float, float]]:
    return []


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Hub whose files are 2 MB, 1 MB and 5 MB long, and arrive in pieces of 0.25 MB."""
    sizes = dict(zip(hub.FILES, (2_000_000, 1_000_000, 5_000_000), strict=True))

    def download(name: str, file: str, dry_run: bool = False, tqdm_class: Any = None) -> Any:
        if dry_run:
            return SimpleNamespace(file_size=sizes[file])
        bar = tqdm_class(total=sizes[file], desc=file, unit="B")
        for _ in range(sizes[file] // 250_000):
            bar.update(250_000)
        bar.close()
        (tmp_path / file).write_text("", encoding="utf-8")
        return str(tmp_path / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda name, file: None)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    return tmp_path


def test_progress_rises_to_the_whole(network: Path, told: list[tuple[float, float]]) -> None:
    assert hub.fetch(NAME, lambda here, total: told.append((here, total))) == network
    assert told[0] == (0.0, 0.0), "before the sizes are known"
    shares = [here for here, total in told[1:]]
    assert {total for _, total in told[1:]} == {8.0}
    assert shares == sorted(shares) and shares[-1] == 8.0 and len(shares) >= 8
    assert {file.name for file in network.iterdir()} == set(hub.FILES)


def test_what_is_in_the_cache_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda name, file: str(tmp_path / file))
    monkeypatch.setattr("huggingface_hub.hf_hub_download", None)
    assert hub.fetch(NAME, lambda here, total: None) == tmp_path


def test_no_network_is_said_at_once(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any) -> None:
        raise socket.gaierror("Name or service not known")

    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(UnfitData, match="no way to the internet"):
        hub.fetch(NAME, lambda here, total: None)


def test_other_failures_have_sentences_of_their_own() -> None:
    class RepositoryNotFoundError(Exception):
        pass

    assert "does not give out" in hub.sentence_for(NAME, RepositoryNotFoundError())
    assert "no room on the disk" in hub.sentence_for(NAME, OSError(errno.ENOSPC, "full"))
    assert "no way to the internet" in hub.sentence_for(NAME, ConnectionError())


def test_only_plain_formats_are_fetched() -> None:
    assert {Path(file).suffix for file in hub.FILES} == {".json", ".safetensors"}
