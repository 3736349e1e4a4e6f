"""A small GPT of our own: GPT-2's architecture, trained from nothing on documentation prose, in minutes on one core.

Its weights are shipped in GPT-2's own file layout (`pretrained/small-gpt`), so that the page opens ready to type into.
`python -m lab train-gpt` makes them again; a training that was interrupted goes on where it stopped.
Sources: Radford and others, "Language models are unsupervised multitask learners", 2019 (GPT-2); the recipe (AdamW,
warm-up, cosine) follows Karpathy's nanoGPT; the text is that of lab.datasets.documentation.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.documentation import Document
from models.base import Array
from models.tokenizing import Tokenizer, byte_pairs, load_tokenizer
from models.training_loop import CompiledTraining
from models.transformer import Architecture, build_transformer

VOCABULARY = 4096
ARCHITECTURE = Architecture(
    kind="decoder", layers=4, heads=4, width=160, mlp_width=640, vocabulary=VOCABULARY, context=128,
    positions="learned", normalization="pre", activation="gelu_tanh", tied=True, dropout=0.0,
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How it is trained.

    The learning rate rises to `peak` in `warmup` steps, stays there, and falls to `floor` in a straight line over the
    last fifth of all steps. So a longer training can go on from where a shorter one began to cool down.
    """

    steps: int = 4000
    batch: int = 16  # windows of `context` tokens
    stride: int = 32  # tokens between the beginnings of two windows
    peak: float = 3e-3
    floor: float = 1e-4
    warmup: int = 100
    weight_decay: float = 0.1
    clip: float = 1.0
    measured_every: int = 200
    seed: int = 0

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        risen = min(1.0, (step + 1) / self.warmup)
        left = min(1.0, (self.steps - step) / max(1, self.steps - self.cools_from))
        return self.floor + (self.peak - self.floor) * min(risen, left)

    @property
    def cools_from(self) -> int:
        """The step at which the learning rate begins to fall."""
        return self.steps - self.steps // 5


@dataclass(frozen=True)
class Moment:
    """Where a training stands: losses in nats per token, the validation loss None between two measurements."""

    step: int
    seconds: float
    train_loss: float
    validation_loss: float | None


def prepared_tokenizer(folder: Path, training: Sequence[Document], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Return the tokenizer in a folder; where there is none, one is trained on the training documents and kept."""
    if not (folder / "tokenizer.json").is_file():
        byte_pairs((document.text for document in training), vocabulary).save(folder / "tokenizer.json")
    return load_tokenizer(folder)


def tokens_of(documents: Sequence[Document], tokenizer: Tokenizer) -> Array:
    """Return all documents as one row of tokens, the end-of-text token behind each: (n,) int32."""
    end = np.array([tokenizer.end_of_text], np.int32)
    return np.concatenate([part for document in documents for part in (tokenizer.ids(document.text), end)])


def windows(tokens: Array, context: int, stride: int) -> tuple[Array, Array]:
    """Return windows of the text and what comes next at each place: two (windows, context) int32."""
    starts = np.arange(0, len(tokens) - context, stride)[:, np.newaxis] + np.arange(context)
    return tokens[starts], tokens[starts + 1]


def losses(model: Any, tokens: Array, context: int, batch: int = 16) -> Array:
    """Return the loss of every token but the first, in nats: tokens (n,) to (n - 1,) float64.

    Each is predicted from at least half a window of text before it, but for those at the very beginning.
    """
    found = np.zeros(len(tokens) - 1)
    starts = [*range(0, max(1, len(tokens) - 1 - context // 2), context // 2)]
    for first in range(0, len(starts), batch):
        some = starts[first : first + batch]
        rows = np.stack([_padded(tokens[start : start + context + 1], context + 1) for start in some])
        nats = _nats(model, rows)
        for start, row in zip(some, nats, strict=True):
            skipped = 0 if start == 0 else context // 2
            end = min(start + context, len(found))
            found[start + skipped : end] = row[skipped : end - start]
    return found


def spread(tokens: Array, pieces: int = 24, length: int = 1000) -> Array:
    """Return a sample of a long text for quick measurements: pieces from its beginning to its end, put together."""
    if len(tokens) <= pieces * length:
        return tokens
    starts = np.linspace(0, len(tokens) - length, pieces).astype(int)
    return np.concatenate([tokens[start : start + length] for start in starts])


def _padded(row: Array, length: int) -> Array:
    return np.pad(row, (0, length - len(row)))


@tf.function(reduce_retracing=True)
def _losses_of(model: Any, tokens: Any, targets: Any) -> Any:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, model(tokens))


def _nats(model: Any, rows: Array) -> Array:
    """Return the losses of rows (batch, T + 1): (batch, T)."""
    return np.asarray(_losses_of(model, tf.constant(rows[:, :-1]), tf.constant(rows[:, 1:])), np.float64)


def bits_per_character(nats: float, characters: int) -> float:
    """Return what each character costs in bits when a text of so many characters costs so many nats."""
    return nats / math.log(2) / characters


class Training:
    """One training that can be interrupted. folder: where its checkpoint lies, made anew if there is none."""

    def __init__(
        self,
        tokens: Array,
        validation: Array,
        folder: Path,
        architecture: Architecture = ARCHITECTURE,
        recipe: Recipe | None = None,
    ) -> None:
        self.recipe, self.architecture, self.validation = recipe or Recipe(), architecture, validation
        self.folder = folder
        self.model = build_transformer(architecture, self.recipe.seed)
        self.optimizer = _optimizer(self.recipe)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
        self.loop = CompiledTraining(
            self.model, self.optimizer, loss, *windows(tokens, architecture.context, self.recipe.stride),
            batch_size=self.recipe.batch, seed=self.recipe.seed,
        )  # fmt: skip
        self.history: list[Moment] = []
        self._resume()

    @property
    def step(self) -> int:
        """The steps done so far."""
        return self.history[-1].step if self.history else 0

    def run(self, clock: Any) -> Iterator[Moment]:
        """Train to the end, ten steps at a time; yields after each measurement. clock: gives seconds."""
        recipe, spent = self.recipe, self.history[-1].seconds if self.history else 0.0
        gathered: list[float] = []
        for first in range(self.step, recipe.steps, 10):
            last, began = min(first + 10, recipe.steps), clock()
            gathered.append(self.loop.run(first, last, recipe.learning_rate(first)))
            spent += clock() - began
            if last % recipe.measured_every == 0 or last == recipe.steps:
                measured = float(losses(self.model, self.validation, self.architecture.context).mean())
                self.history.append(Moment(last, spent, float(np.mean(gathered)), measured))
                gathered = []
                self._keep("checkpoint.npz")
                if last <= recipe.cools_from:
                    self._keep("stable.npz")
                yield self.history[-1]

    def _keep(self, name: str) -> None:
        values = {f"weight_{place}": np.asarray(one) for place, one in enumerate(self.model.get_weights())}
        values |= {f"optimizer_{place}": np.asarray(one) for place, one in enumerate(self.optimizer.variables)}
        told = {"steps": self.recipe.steps, "history": [vars(moment) for moment in self.history]}
        unfinished = self.folder / "unfinished.npz"
        np.savez(unfinished, told=np.array(json.dumps(told)), **values)  # type: ignore[arg-type]
        unfinished.replace(self.folder / name)

    def _resume(self) -> None:
        """Go on from the newest checkpoint that lies on the way to `steps`: from before the cooling if it differs."""
        for name in ("checkpoint.npz", "stable.npz"):
            if (self.folder / name).is_file() and self._take(self.folder / name):
                return

    def _take(self, file: Path) -> bool:
        with np.load(file, allow_pickle=False) as kept:
            told = json.loads(str(kept["told"]))
            step = told["history"][-1]["step"]
            if told["steps"] != self.recipe.steps and step > min(self.recipe.cools_from, told["steps"] * 4 // 5):
                return False
            self.history = [Moment(**one) for one in told["history"]]
            self.model.set_weights([kept[f"weight_{place}"] for place in range(len(self.model.weights))])
            for place, variable in enumerate(self.optimizer.variables):
                variable.assign(kept[f"optimizer_{place}"])
        return True


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.AdamW(
        recipe.peak, weight_decay=recipe.weight_decay, beta_2=0.99, global_clipnorm=recipe.clip
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
