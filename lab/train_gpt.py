"""Train the small GPT that is shipped, on one core: `python -m lab train-gpt`. It goes on where it was interrupted.

The checkpoint lies in the data folder. At the end the model is written in GPT-2's own file layout, with `training.json`
beside it: recipe, curves, text and licences, the loss on documents that were kept out, and what counting reaches there.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from lab.datasets.documentation import LICENCES, Document, documentation
from lab.datasets.documentation import versions as text_versions
from lab.engine.versions import describe, versions
from models.base import Array
from models.ngram import NGram
from models.pretrained import load_folder, save_gpt2
from models.small_gpt import Recipe, Training, bits_per_character, losses, prepared_tokenizer, spread, tokens_of
from models.tokenizing import Tokenizer

TOKEN_ORDERS, CHARACTER_ORDERS = (2, 3, 4, 5), (7,)
CHECKED_DOCUMENTS, CHECKED_CHARACTERS = 6, 700
CHECKPOINT = "checkpoint.npz"


def train_gpt(work: Path, folder: Path, recipe: Recipe) -> dict[str, Any]:
    """Train to the end, write the model, and return what is written to training.json. work: holds the checkpoint."""
    work.mkdir(parents=True, exist_ok=True)
    training, validation = documentation()
    tokenizer = prepared_tokenizer(work, training)
    run = Training(tokens_of(training, tokenizer), spread(tokens_of(validation, tokenizer)), work, recipe=recipe)
    trained(run)
    save_gpt2(run.model, run.architecture, tokenizer, folder)
    stored = load_folder(folder)  # what is measured is what is stored, rounded to half precision
    told = report(run, training, validation, stored.model, tokenizer)
    (folder / "training.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return told


def trained(run: Training) -> None:
    """Train to the end with a progress bar."""
    with tqdm(total=run.recipe.steps, initial=run.step, unit="step", desc="small GPT") as bar:
        for moment in run.run(perf_counter):
            bar.update(moment.step - bar.n)
            bar.set_postfix(train=f"{moment.train_loss:.3f}", validation=f"{moment.validation_loss:.3f}")


def report(
    run: Training, training: Sequence[Document], validation: Sequence[Document], model: Any, tokenizer: Tokenizer
) -> dict[str, Any]:
    """Return everything worth knowing about a finished training; losses in nats per token."""
    from lab.engine.run_process import describe_device

    known, unknown = tokens_of(training, tokenizer), tokens_of(validation, tokenizer)
    characters = sum(len(document.text) for document in validation)
    nats = losses(model, unknown, run.architecture.context)
    return {
        "made_by": "python -m lab train-gpt", "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": asdict(run.recipe), "architecture": asdict(run.architecture), "seconds": run.history[-1].seconds,
        "device": f"{describe(describe_device())}, one thread", "versions": versions(),
        "parameters": int(model.count_params()), "stored_as": "float16",
        "text": {
            "licences": LICENCES, "versions": text_versions(), "training_documents": len(training),
            "validation_documents": len(validation), "training_tokens": len(known), "validation_tokens": len(unknown),
            "training_characters": sum(len(document.text) for document in training),
            "validation_characters": characters,
        },
        "curve": [asdict(moment) for moment in run.history],
        "validation_loss": float(nats.mean()), "bits_per_character": bits_per_character(nats.sum(), characters),
        "baselines": baselines(training, validation, known, unknown, run.architecture.vocabulary),
        "check": check(validation, model, tokenizer, run.architecture.context),
    }  # fmt: skip


def baselines(
    training: Sequence[Document], validation: Sequence[Document], known: Array, unknown: Array, vocabulary: int
) -> list[dict[str, Any]]:
    """Return the bits per character of Kneser-Ney n-grams on the same text, over tokens and over characters."""
    characters = sum(len(document.text) for document in validation)
    rows = [(f"{order} tokens", NGram(known, order, vocabulary).nats(unknown)) for order in TOKEN_ORDERS]
    letters, unseen = letters_of(training), letters_of(validation)
    rows += [(f"{order} characters", NGram(letters, order, 128).nats(unseen)) for order in CHARACTER_ORDERS]
    return [
        {"name": f"Kneser-Ney, {what}", "bits_per_character": bits_per_character(nats.sum(), characters)}
        for what, nats in rows
    ]


def letters_of(documents: Sequence[Document]) -> Array:
    """Return the characters of documents as numbers below 128, 0 between two documents: (n,) int64."""
    text = "\0".join(document.text for document in documents)
    return np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64)


def check(validation: Sequence[Document], model: Any, tokenizer: Tokenizer, context: int) -> dict[str, Any]:
    """Return a slice of the validation text with its loss, so that a test can measure it again anywhere."""
    longest = sorted(validation, key=lambda document: -len(document.text))[:CHECKED_DOCUMENTS]
    text = "\n".join(document.text[:CHECKED_CHARACTERS].rsplit("\n", 1)[0] for document in longest)
    tokens = tokenizer.ids(text)
    nats = losses(model, tokens, context)
    return {
        "documents": [f"{document.source}/{document.name}" for document in longest], "text": text,
        "tokens": len(tokens), "loss": float(nats.mean()),
        "bits_per_character": bits_per_character(nats.sum(), len(text)),
    }  # fmt: skip
