"""Models that only read, in real processes: opened on request, asked, let go; with limits set short."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab import readers
from lab.engine.client import EngineClient
from lab.engine.reader_process import free_megabytes, refuse_if_short
from lab.engine.readers import Readers
from lab.readers import ReadableModel, asked, embedded, local_model, model_named, progress
from models.readers import needed_megabytes
from tests.lab.conftest import running_engine, wait_for

DATA = Path(__file__).resolve().parents[1] / "data"
DECODER, ENCODER = local_model(DATA / "tiny-gpt2"), local_model(DATA / "tiny-bert")
TEXT = "The bank of the river"
FORGOTTEN = 6.0  # seconds without a question


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineClient]:
    folder = tmp_path_factory.mktemp("data")
    with running_engine(folder, threads=1, readers=1, reader_seconds=FORGOTTEN) as client:
        yield client


def opened(client: EngineClient, model: ReadableModel) -> readers.News:
    wait_for(lambda: (news := progress(client, model)).ready or news.failed, f"{model.name} to be opened")
    return progress(client, model)


def process_of(client: EngineClient, model: ReadableModel) -> int | None:
    found: int | None = client.census()["processes"].get(f"reader-{model.origin}-{model.name}")
    return found


def test_a_model_is_opened_asked_and_stays(client: EngineClient) -> None:
    news = opened(client, DECODER)
    assert news.ready and (news.facts["layers"], news.facts["kind"]) == (3, "decoder")
    process = process_of(client, DECODER)
    found = asked(client, DECODER, {"text": TEXT})
    assert found["attention"].shape[:2] == (3, 4) and "".join(found["texts"]) == TEXT
    more = asked(client, DECODER, {"text": TEXT, "generate": 3, "seed": 1})
    assert len(more["generated"]) == 3
    assert process_of(client, DECODER) == process is not None


def test_a_question_alone_opens_a_model_and_another_one_makes_room(client: EngineClient) -> None:
    opened(client, DECODER)
    rows = embedded(client, ENCODER, [TEXT, TEXT])
    assert rows.shape == (2, 18) and float(rows[0] @ rows[1]) == pytest.approx(1.0, abs=1e-5)
    wait_for(lambda: process_of(client, DECODER) is None, "the one that was asked longest ago to be let go")
    assert process_of(client, ENCODER) is not None
    assert asked(client, DECODER, {"text": TEXT})["tokens"].size, "it wakes up when it is asked again"


def test_memory_is_given_back_after_a_while(client: EngineClient) -> None:
    asked(client, DECODER, {"text": TEXT})
    wait_for(lambda: process_of(client, DECODER) is None, "the model to be forgotten", FORGOTTEN + 30)
    run_id = f"reader-{DECODER.origin}-{DECODER.name}"
    assert client.poll(run_id).state == "asleep"


def test_bad_questions_are_answered_with_a_sentence_and_nothing_ends(client: EngineClient) -> None:
    opened(client, DECODER)
    process = process_of(client, DECODER)
    for question, words in (({"text": " "}, "^There is no text to read"), ({"nothing": 1}, "ask about a text")):
        with pytest.raises(ValueError, match=words):
            asked(client, DECODER, question)
    assert asked(client, DECODER, {"text": TEXT})["tokens"].size and process_of(client, DECODER) == process


def test_a_failure_is_said_stays_and_can_be_tried_again(client: EngineClient, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / "tiny-gpt2", tmp_path / "broken"))
    whole = (folder / "config.json").read_text("utf-8")
    (folder / "config.json").write_text(json.dumps({**json.loads(whole), "model_type": "llama"}), encoding="utf-8")
    model = local_model(folder)
    news = opened(client, model)
    assert news.failed and "GPT-2 and BERT can be read here" in news.sentence
    with pytest.raises(ValueError, match="GPT-2 and BERT can be read here"):
        asked(client, model, {"text": TEXT})
    (folder / "config.json").write_text(whole, encoding="utf-8")
    assert progress(client, model).failed, "without being told it does not try for ever"
    progress(client, model, again=True)
    assert opened(client, model).ready


def test_a_question_during_a_download_is_told_how_far_it_is() -> None:
    run = SimpleNamespace(state="reading", facts={"stage": "downloading", "downloaded_megabytes": 12.3})
    told = Readers(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"being downloaded\. Ask"):
        told.refuse_while_downloading(run)  # type: ignore[arg-type]
    run.facts["total_megabytes"] = 91.0
    with pytest.raises(ValueError, match="12 of 91 MB"):
        told.refuse_while_downloading(run)  # type: ignore[arg-type]
    run.facts = {"stage": "ready"}
    told.refuse_while_downloading(run)  # type: ignore[arg-type]


def test_too_little_memory_is_refused_with_both_numbers() -> None:
    refuse_if_short("GPT-2", 1400.0, 1400.0)
    with pytest.raises(ValueError, match=r"GPT-2 needs about 1,400 MB of memory, and 690 MB are free"):
        refuse_if_short("GPT-2", 1400.0, 690.4)


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, None),
        ({"memory.max": "max", "memory.current": "5000000"}, None),
        ({"memory.max": "90000000", "memory.current": "50000000", "memory.stat": "inactive_file 2000000\n"}, 42.0),
        ({"memory/memory.limit_in_bytes": "70000000", "memory/memory.usage_in_bytes": "60000000",
          "memory/memory.stat": "inactive_file 7\ntotal_inactive_file 1000000\n"}, 11.0),
    ],
    ids=["no container", "no limit", "version 2", "version 1"],
)  # fmt: skip
def test_a_containers_limit_counts(tmp_path: Path, files: dict[str, str], free: float | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = free_megabytes(tmp_path)
    assert found == pytest.approx(free) if free is not None else found > 100


def test_local_folders_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROAD_DATA_DIR", str(tmp_path))
    assert readers.local_models() == []
    shutil.copytree(DATA / "tiny-bert", tmp_path / "models" / "mine")
    (tmp_path / "models" / "empty").mkdir()
    assert [(one.name, one.kind) for one in readers.local_models()] == [("local/mine", "encoder")]
    assert model_named("local/mine").folder == str(tmp_path / "models" / "mine")
    with pytest.raises(ValueError, match="no model named"):
        model_named("local/other")


SIZES = {
    "openai-community/gpt2": {"model_type": "gpt2", "n_layer": 12, "n_head": 12, "n_embd": 768, "vocab_size": 50257,
                              "n_positions": 1024},
    "distilbert/distilgpt2": {"model_type": "gpt2", "n_layer": 6, "n_head": 12, "n_embd": 768, "vocab_size": 50257,
                              "n_positions": 1024},
    "sentence-transformers/all-MiniLM-L6-v2": {
        "model_type": "bert", "num_hidden_layers": 6, "num_attention_heads": 12, "hidden_size": 384,
        "intermediate_size": 1536, "vocab_size": 30522, "max_position_embeddings": 512},
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_the_memory_that_is_stated_before_is_what_is_asked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SIZES[name]), encoding="utf-8")
    stated = model_named(name).memory_megabytes - readers.BASE_MEGABYTES
    assert stated == pytest.approx(needed_megabytes(tmp_path), rel=0.02)
    assert 4 * model_named(name).parameters / 1e6 < stated
