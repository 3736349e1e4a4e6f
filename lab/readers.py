"""Models that only read: the small GPT that is shipped, models in a local folder, and published ones on request.

Each is answered by a process of its own, which stays awake between questions and gives its memory back after a while.
No weights enter the web process, and none are copied into the store of runs.

    engine = session.engine()
    model = model_named("small-gpt")                      # or one of models(): shipped, published, local
    news = progress(engine, model)                        # opens it; poll it until news.ready (or news.failed)
    trace = asked(engine, model, {"text": "The function returns", "surgery": {"cut_heads": [[0, 1]]}})
    more = asked(engine, model, {"text": "The function", "generate": 20, "temperature": 0.8, "top_k": 40, "seed": 1})
    rows = embedded(engine, model, ["The bank of the river.", "A bank lends money."])

Questions may be asked at once; they wait while the model is loaded (0.5 to 8 s), and say so while it is being
downloaded. All raise ValueError with a sentence for a person: what is wrong with the text, no network, little memory.
Streamlit lives above: nothing here knows of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from lab.engine.messages import Progress
from lab.storage import data_folder, pretrained_folder
from models.base import Array

BASE_MEGABYTES = 100  # a process with TensorFlow, beside what it shares with the others


@dataclass(frozen=True)
class ReadableModel:
    """A model that can be asked.

    name: its name on the Hub, "small-gpt", or "local/<folder>"; title: for a person; kind: "decoder" (predicts the
    next token) or "encoder" (gives each token and the whole text a place). origin: "shipped", "hub" or "local";
    folder: where it lies, "" for the Hub. parameters: 0 where only opening tells. download_megabytes: 0 where nothing
    is fetched; memory_megabytes: what its process needs. licence, about: for the page.
    """

    name: str
    title: str
    kind: str
    origin: str
    folder: str = ""
    parameters: int = 0
    download_megabytes: int = 0
    memory_megabytes: int = 0
    licence: str = ""
    about: str = ""


@dataclass(frozen=True)
class News:
    """Where the opening of a model stands.

    stage: "starting", "downloading", "loading", "ready", "asleep" or "failed"; share: of the download, 0 to 1;
    sentence: for a person. facts, once ready: kind, layers, heads, width, mlp_width, vocabulary, context, positions,
    parameters, megabytes, tokenizer ("bytes", "pieces", "characters"), most_tokens, sentence_embedding (bool).
    """

    stage: str
    share: float
    sentence: str
    facts: Mapping[str, Any]

    @property
    def ready(self) -> bool:
        """Whether it answers at once."""
        return self.stage == "ready"

    @property
    def failed(self) -> bool:
        """Whether it could not be opened; the sentence says why. Asking again tries again."""
        return self.stage == "failed"


class Asked(Protocol):
    """What of the engine is needed here; lab.engine.client.EngineClient has it."""

    def open_reader(self, source: Mapping[str, Any], again: bool = False) -> str:
        """See lab.engine.server.Engine.open_reader."""

    def poll(self, run_id: str, since: int = 0, owner: str = "") -> Progress:
        """See lab.engine.server.Engine.poll."""

    def read(self, source: Mapping[str, Any], question: Mapping[str, Any]) -> dict[str, Array]:
        """See lab.engine.server.Engine.read."""


SMALL_GPT = ReadableModel(
    "small-gpt", "Small GPT, trained here", "decoder", "shipped", str(pretrained_folder() / "small-gpt"),
    parameters=1_913_280, memory_megabytes=BASE_MEGABYTES + 60, licence="made by this project",
    about="GPT-2's architecture with 4 layers of 4 heads, trained from nothing on documentation prose.",
)  # fmt: skip
PUBLISHED = (
    ReadableModel(
        "sentence-transformers/all-MiniLM-L6-v2", "MiniLM, all-MiniLM-L6-v2", "encoder", "hub",
        parameters=22_565_376, download_megabytes=91, memory_megabytes=BASE_MEGABYTES + 340, licence="Apache 2.0",
        about="Gives sentences of like meaning like places. 6 layers of 12 heads.",
    ),
    ReadableModel(
        "distilbert/distilgpt2", "DistilGPT-2", "decoder", "hub", parameters=81_912_576, download_megabytes=353,
        memory_megabytes=BASE_MEGABYTES + 950, licence="Apache 2.0",
        about="GPT-2 with half its layers, taught by GPT-2. 6 layers of 12 heads.",
    ),
    ReadableModel(
        "openai-community/gpt2", "GPT-2, 124 million parameters", "decoder", "hub", parameters=124_439_808,
        download_megabytes=548, memory_megabytes=BASE_MEGABYTES + 1360, licence="MIT",
        about="The smallest of the four published in 2019. 12 layers of 12 heads.",
    ),
)  # fmt: skip


def models() -> list[ReadableModel]:
    """Return the shipped model, the published ones, and the folders in `models/` of the data folder that hold one."""
    return [SMALL_GPT, *PUBLISHED, *local_models()]


def local_models() -> list[ReadableModel]:
    """Return what lies in the data folder's `models/`: folders in the Hugging Face layout, by name."""
    folder = data_folder() / "models"
    found = sorted(file.parent for file in folder.glob("*/config.json")) if folder.is_dir() else []
    return [local_model(one) for one in found]


def local_model(folder: Path) -> ReadableModel:
    """Return a model in any folder of this machine; whether it can be read is said when it is opened."""
    text = (folder / "config.json").read_text(encoding="utf-8", errors="replace")
    kind = "encoder" if re.search(r'"model_type"\s*:\s*"bert"', text) else "decoder"
    weights = folder / "model.safetensors"
    megabytes = weights.stat().st_size // 1_000_000 if weights.is_file() else 0
    return ReadableModel(
        f"local/{folder.name}", folder.name, kind, "local", str(folder),
        memory_megabytes=BASE_MEGABYTES + 2 * megabytes, about="A folder of this machine.",
    )  # fmt: skip


def model_named(name: str) -> ReadableModel:
    """Return a model by its name. Raises ValueError with a sentence for an unknown one."""
    found = next((one for one in models() if one.name == name), None)
    if found is None:
        raise ValueError(f"There is no model named {name[:80]!r} here.")
    return found


def progress(engine: Asked, model: ReadableModel, *, again: bool = False) -> News:
    """Open a model, if it is not, and say where that stands; quick, to be asked as often as a page likes.

    again: try again after a failure; without it a failure stays, so that a page does not try for ever.
    """
    return _news(engine.poll(engine.open_reader(_source(model), again)))


def asked(engine: Asked, model: ReadableModel, question: Mapping[str, Any]) -> dict[str, Array]:
    """Return the arrays of an answer. Questions, each about a "text":

    - alone or with "surgery" (fields of models.transformer_trace.Surgery by name): the trace, by the names of
      models.views.TransformerTrace and `architecture`, with `notes` (n,) str for a person, `added` (T,) bool (tokens
      the model put in itself), `starts`, `ends` (T,) int32 (the characters each token covers). With "layers": for which
      layers the big arrays come along (models.readers.BIG: what a layer reads, queries, keys, values, mixed, what it
      adds, its MLP), [] for none; `shown_layers` says which. Streams, scores, attention and candidates come whole.
    - "cell", "tables": see models.transformer_answers.
    - "generate": so many tokens that follow, with "temperature" (0: always the likeliest), "top_k" (0: no cut), "top_p"
      (1: no cut), "seed", "cache": the fields generated... of models.views.TransformerView and `continuation` (1,) str.
    Without a text: {"embed": [texts]}, see `embedded`; {"tokens": text}, how a model cuts it, the fields of
    models.tokenizing.Reading.
    """
    return engine.read(_source(model), question)


def embedded(engine: Asked, model: ReadableModel, texts: Sequence[str]) -> Array:
    """Return one place for each text, (texts, d) float32 of length 1: the mean over tokens of the last stream.

    Their products are the cosines. That is how all-MiniLM-L6-v2 was trained to be read; for a decoder it is only a
    rough measure.
    """
    return engine.read(_source(model), {"embed": list(texts)})["sentences"]


def _source(model: ReadableModel) -> dict[str, Any]:
    wanted = asdict(model)
    return {name: wanted[name] for name in ("name", "title", "origin", "folder")}


def _news(told: Progress) -> News:
    facts = dict(told.facts)
    stage = told.state if told.state in ("failed", "asleep") else str(facts.get("stage", "starting"))
    loaded, total = float(facts.get("downloaded_megabytes", 0)), float(facts.get("total_megabytes", 0))
    sentences = {
        "starting": "The model's process is being started.",
        "downloading": f"Downloading: {loaded:,.0f} of {total:,.0f} MB." if total else "Asking the Hub for its files.",
        "loading": "The weights are being read.",
        "ready": "Ready.",
        "asleep": "Its memory was given back; the next question wakes it.",
        "failed": told.message,
    }
    return News(stage, loaded / total if total else 0.0, sentences.get(stage, told.message), facts)
