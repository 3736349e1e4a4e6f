"""Published models in our own blocks: a folder in the Hugging Face layout becomes a Keras model of models.transformer.

`config.json` says which architecture, `model.safetensors` holds the weights (plain numbers, nothing that could run),
`tokenizer.json` the tokens. GPT-2 (Radford and others, 2019) and its relatives are decoders, BERT (Devlin and others,
2018) and MiniLM (Wang and others, 2020) encoders; any depth, width and vocabulary. A test holds all hidden states and
attentions to 1e-4 of those of the `transformers` library.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.dataset import UnfitData
from models.base import Array
from models.tokenizing import Tokenizer, load_tokenizer
from models.transformer import Architecture, build_transformer

WEIGHTS = "model.safetensors"
ACTIVATIONS = {
    "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu_fast": "gelu_tanh", "gelu": "gelu", "relu": "relu",
}  # fmt: skip
FLOATS = ("float32", "float16", "float64")
_GPT2_NORMS = {"attention_norm": "ln_1", "mlp_norm": "ln_2"}
_GPT2_MAPS = {"qkv": "attn.c_attn", "attention_out": "attn.c_proj", "mlp_up": "mlp.c_fc", "mlp_down": "mlp.c_proj"}
_BERT_NORMS = {"attention_norm": "attention.output.LayerNorm", "mlp_norm": "output.LayerNorm"}
_BERT_MAPS = {"attention_out": "attention.output.dense", "mlp_up": "intermediate.dense", "mlp_down": "output.dense"}
_BERT_QKV = ("attention.self.query", "attention.self.key", "attention.self.value")

Get = Callable[[str], Array]


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A model with its weights, ready to read. name: of the folder."""

    name: str
    architecture: Architecture
    model: Any
    tokenizer: Tokenizer


def load_folder(folder: Path) -> Pretrained:
    """Return the model in a folder. Raises UnfitData with a sentence where it is none that these blocks can be."""
    architecture = read_architecture(folder)
    tokenizer = load_tokenizer(folder)
    if tokenizer.size > architecture.vocabulary:
        raise UnfitData(
            f"The tokenizer of {folder.name} has {tokenizer.size:,} tokens, its weights only "
            f"{architecture.vocabulary:,}: they do not belong together."
        )
    model = build_transformer(architecture)
    fill(model, architecture, folder)
    return Pretrained(folder.name, architecture, model, tokenizer)


def read_architecture(folder: Path) -> Architecture:
    """Return the architecture that config.json describes. Raises UnfitData where these blocks cannot build it."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UnfitData(f"The config.json of {folder.name} cannot be read.") from problem
    kind = config.get("model_type") if isinstance(config, dict) else None
    readers = {"gpt2": _gpt2, "bert": _bert}
    if kind not in readers:
        raise UnfitData(f"{folder.name} is of the type {str(kind)[:40]!r}; GPT-2 and BERT can be read here.")
    try:
        architecture = readers[kind](config)
    except (KeyError, TypeError, ValueError) as problem:
        if isinstance(problem, UnfitData):
            raise
        raise UnfitData(f"The config.json of {folder.name} does not say {problem}.") from problem
    if architecture.width % architecture.heads:
        raise UnfitData(f"A width of {architecture.width} cannot be shared among {architecture.heads} heads.")
    return architecture


def _gpt2(config: Mapping[str, Any]) -> Architecture:
    for name in ("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn", "add_cross_attention"):
        if config.get(name):
            raise UnfitData(f"The setting {name} of this model is not built here.")
    if not config.get("scale_attn_weights", True) or not config.get("tie_word_embeddings", True):
        raise UnfitData("This model scales its attention or its logits otherwise than GPT-2.")
    width = int(config["n_embd"])
    return Architecture(
        kind="decoder", layers=int(config["n_layer"]), heads=int(config["n_head"]), width=width,
        mlp_width=int(config.get("n_inner") or 4 * width), vocabulary=int(config["vocab_size"]),
        context=int(config.get("n_positions") or config["n_ctx"]), positions="learned", normalization="pre",
        activation=_activation(config.get("activation_function", "gelu_new")), tied=True,
        epsilon=float(config.get("layer_norm_epsilon", 1e-5)),
    )  # fmt: skip


def _bert(config: Mapping[str, Any]) -> Architecture:
    if config.get("position_embedding_type", "absolute") != "absolute" or config.get("is_decoder"):
        raise UnfitData("This kind of BERT, with other positions or as a decoder, is not built here.")
    return Architecture(
        kind="encoder", layers=int(config["num_hidden_layers"]), heads=int(config["num_attention_heads"]),
        width=int(config["hidden_size"]), mlp_width=int(config["intermediate_size"]),
        vocabulary=int(config["vocab_size"]), context=int(config["max_position_embeddings"]), positions="learned",
        normalization="post", activation=_activation(config.get("hidden_act", "gelu")),
        epsilon=float(config.get("layer_norm_eps", 1e-12)), segments=int(config.get("type_vocab_size", 2)),
        embedding_norm=True, predicts=False,
    )  # fmt: skip


def _activation(name: str) -> Any:
    if name not in ACTIVATIONS:
        raise UnfitData(f"The activation {name[:40]!r} is not built here. Known: {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]


def fill(model: Any, architecture: Architecture, folder: Path) -> None:
    """Give a built model the weights of a folder, one tensor at a time, so that none lies in memory twice for long.

    Raises UnfitData where a tensor is missing or has another shape than the model.
    """
    from safetensors import SafetensorError, safe_open

    if not (folder / WEIGHTS).is_file():
        raise UnfitData(f"In {folder.name} there is no {WEIGHTS}. Other formats can hold code and are not read.")
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as file:
            get = reader_of(file, folder.name)
            for variable, value in named_weights(model, architecture, get):
                if tuple(variable.shape) != value.shape:
                    shapes = f"{value.shape} where config.json asks for {tuple(variable.shape)}"
                    raise UnfitData(f"In {folder.name} the tensor for {variable.path} is {shapes}.")
                variable.assign(value)
    except (SafetensorError, OSError) as problem:
        raise UnfitData(f"The file {WEIGHTS} of {folder.name} is damaged. Copy or download it again.") from problem


def reader_of(file: Any, name: str) -> Get:
    """Return what fetches a tensor by its name as float32, whatever the names of the file begin with."""
    known = set(file.keys())

    def get(tensor: str) -> Array:
        found = next((prefix + tensor for prefix in ("", "transformer.", "bert.") if prefix + tensor in known), None)
        if found is None:
            raise UnfitData(f"In {name} the tensor {tensor} is missing.")
        try:
            value = file.get_tensor(found)
        except TypeError as problem:  # NumPy has no bfloat16
            raise UnfitData(f"The tensor {tensor} of {name} has a type that cannot be read here.") from problem
        if value.dtype.name not in FLOATS:
            raise UnfitData(f"The tensor {tensor} of {name} holds {value.dtype.name}, not floating-point numbers.")
        return np.asarray(value, np.float32)

    return get


def named_weights(model: Any, a: Architecture, get: Get) -> Iterator[tuple[Any, Array]]:
    """Yield every variable of the model with its value from the file."""
    layers = {layer.name: layer for layer in model.layers}
    yield from (_gpt2_weights if a.kind == "decoder" else _bert_weights)(layers, a, get)


def _gpt2_weights(layers: Mapping[str, Any], a: Architecture, get: Get) -> Iterator[tuple[Any, Array]]:
    """GPT-2 stores linear maps as (inputs, outputs), like Keras; Q, K, V are thirds of the columns of c_attn."""
    yield layers["token_embedding"].embeddings, get("wte.weight")
    yield layers["positions"].table, get("wpe.weight")
    for number in range(a.layers):
        for ours, theirs in _GPT2_NORMS.items():
            yield from _norm(layers[f"block_{number + 1}_{ours}"], get, f"h.{number}.{theirs}")
        for ours, theirs in _GPT2_MAPS.items():
            layer = layers[f"block_{number + 1}_{ours}"]
            yield layer.kernel, get(f"h.{number}.{theirs}.weight")
            yield layer.bias, get(f"h.{number}.{theirs}.bias")
    yield from _norm(layers["final_norm"], get, "ln_f")


def _bert_weights(layers: Mapping[str, Any], a: Architecture, get: Get) -> Iterator[tuple[Any, Array]]:
    """BERT stores linear maps as (outputs, inputs), and queries, keys and values apart."""
    yield layers["token_embedding"].embeddings, get("embeddings.word_embeddings.weight")
    yield layers["positions"].table, get("embeddings.position_embeddings.weight")
    yield layers["segment"].table, get("embeddings.token_type_embeddings.weight")
    yield from _norm(layers["embedding_norm"], get, "embeddings.LayerNorm")
    for number in range(a.layers):
        ours, theirs = f"block_{number + 1}_", f"encoder.layer.{number}."
        fused = layers[f"{ours}qkv"]
        yield fused.kernel, np.concatenate([get(f"{theirs}{part}.weight") for part in _BERT_QKV]).T
        yield fused.bias, np.concatenate([get(f"{theirs}{part}.bias") for part in _BERT_QKV])
        for name, other in _BERT_MAPS.items():
            yield layers[ours + name].kernel, get(f"{theirs}{other}.weight").T
            yield layers[ours + name].bias, get(f"{theirs}{other}.bias")
        for name, other in _BERT_NORMS.items():
            yield from _norm(layers[ours + name], get, theirs + other)


def _norm(layer: Any, get: Get, name: str) -> Iterator[tuple[Any, Array]]:
    yield layer.gamma, get(f"{name}.weight")
    yield layer.beta, get(f"{name}.bias")


def save_gpt2(model: Any, architecture: Architecture, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a decoder as GPT-2 is published: config.json, model.safetensors, tokenizer.json.

    Its numbers are stored in half precision. Raises ValueError for a model that is not of GPT-2's kind.
    """
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Array] = {}

    def note(name: str) -> Array:
        order.append(name)
        return np.zeros(0, np.float32)

    order: list[str] = []
    pairs = list(named_weights(model, architecture, note))
    for name, (variable, _) in zip(order, pairs, strict=True):
        tensors[name] = np.ascontiguousarray(np.asarray(variable, np.float32).astype(np.float16))
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    tokenizer.save(folder / "tokenizer.json")
    (folder / "config.json").write_text(json.dumps(gpt2_config(architecture), indent=1) + "\n", encoding="utf-8")


def gpt2_config(a: Architecture) -> dict[str, Any]:
    """Return the config.json of a decoder of GPT-2's kind. Raises ValueError for others."""
    names = {"gelu_tanh": "gelu_new", "gelu": "gelu", "relu": "relu"}
    plain = (a.kind, a.positions, a.normalization, a.tied, a.experts) == ("decoder", "learned", "pre", True, 0)
    if not plain or a.token_shift or a.embedding_norm or a.activation not in names:
        raise ValueError("only a decoder like GPT-2 can be written as one")
    return {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": a.layers, "n_head": a.heads,
        "n_embd": a.width, "n_inner": a.mlp_width, "vocab_size": a.vocabulary, "n_positions": a.context,
        "activation_function": names[a.activation], "layer_norm_epsilon": a.epsilon, "tie_word_embeddings": True,
        "embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0,
    }  # fmt: skip
