"""A GPT-2 in plain NumPy, read from the published file layout: an oracle for what the page shows."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from tokenizers import ByteLevelBPETokenizer


@dataclass(frozen=True)
class Passed:
    """One text's way. normalized: (L, T, d) before attention; queries, keys: (L, H, T, h); probabilities: (T, V)."""

    normalized: Any
    queries: Any
    keys: Any
    attention: Any
    probabilities: Any


class Oracle:
    """The network in a folder."""

    def __init__(self, folder: Path) -> None:
        self.weights = {
            name.removeprefix("transformer."): array for name, array in load_file(folder / "model.safetensors").items()
        }
        self.settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.tokenizer = ByteLevelBPETokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))

    def ids(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        return list(self.tokenizer.encode(text).ids)

    def text(self, token: int) -> str:
        """Return what a token stands for."""
        return str(self.tokenizer.decode([token]))

    def passed(self, text: str, cut: tuple[int, int] | None = None) -> Passed:
        """Return the way of a text; cut: (layer, head) that adds nothing."""
        ids, w = self.ids(text), self.weights
        x = w["wte.weight"][ids] + w["wpe.weight"][: len(ids)]
        found: dict[str, list[Any]] = {"normalized": [], "queries": [], "keys": [], "attention": []}
        for layer in range(self.settings["n_layer"]):
            name = f"h.{layer}."
            y = self.norm(x, f"{name}ln_1")
            queries, keys, values = (
                self.split(part) for part in np.split(self.dense(y, f"{name}attn.c_attn"), 3, axis=-1)
            )
            scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(queries.shape[-1])
            scores = np.where(np.tri(len(ids), dtype=bool), scores, -np.inf)
            attention = np.exp(scores - scores.max(axis=-1, keepdims=True))
            attention /= attention.sum(axis=-1, keepdims=True)
            mixed = attention @ values
            if cut is not None and cut[0] == layer:
                mixed[cut[1]] = 0.0
            x = x + self.dense(mixed.transpose(1, 0, 2).reshape(len(ids), -1), f"{name}attn.c_proj")
            hidden = self.dense(self.norm(x, f"{name}ln_2"), f"{name}mlp.c_fc")
            bent = 0.5 * hidden * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3)))
            x = x + self.dense(bent, f"{name}mlp.c_proj")
            for key, array in (("normalized", y), ("queries", queries), ("keys", keys), ("attention", attention)):
                found[key].append(array)
        logits = self.norm(x, "ln_f") @ w["wte.weight"].T
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return Passed(**{key: np.stack(arrays) for key, arrays in found.items()},
                      probabilities=shares / shares.sum(axis=-1, keepdims=True))  # fmt: skip

    def split(self, x: Any) -> Any:
        """Return (T, d) as (H, T, h)."""
        heads = self.settings["n_head"]
        return x.reshape(len(x), heads, -1).transpose(1, 0, 2)

    def dense(self, x: Any, name: str) -> Any:
        """Return a dense layer's output; GPT-2 stores weights as (inputs, outputs)."""
        return x @ self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def norm(self, x: Any, name: str) -> Any:
        """Return layer normalization."""
        straight = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        return straight * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
