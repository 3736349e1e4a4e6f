"""The measured limits: pictures and sentences say what is stored, and nothing where nothing is."""

from typing import Any

import pytest

from lab.charts import transformer_measured as measured

SEEDS = (0, 1)
STORED: dict[str, Any] = {
    "order": [{"kind": kind, "positions": positions, "seed": seed, "accuracy": share + 0.02 * seed, "chance": 0.04}
              for kind, positions, share in (("encoder", "none", 0.2), ("encoder", "sinusoidal", 0.9))
              for seed in SEEDS],
    "parity": [{"network": name, "length": size, "seed": seed, "accuracy": share}
               for name, share in (("Transformer, parity", 0.6), ("GRU", 1.0)) for size in (16, 32) for seed in SEEDS],
    "length": [{"positions": "learned", "length": 48, "seed": 0, "accuracy": 0.9}]
    + [{"positions": "rotary", "length": size, "seed": 0, "accuracy": 48 / size} for size in (48, 192)],
    "little": [{"network": name, "characters": amount, "seed": 0, "nats": nats, "steps": 400}
               for name, nats in (("Transformer", 2.4), ("LSTM", 2.2), ("5-gram", 2.6)) for amount in (1000, 9000)],
    "cost": [{"part": part, "length": size, "seconds": 1e-6 * size**2, "attention_bytes": 8 * size**2}
             for part in ("block", "attention") for size in (1024, 2048)],
    "about": {"command": "python -m evidence transformer-limits", "seeds": [0, 1], "seconds": {"order": 3, "cost": 4},
              "device": "CPU", "versions": {"tensorflow": "2", "keras": "3"}, "created": "2026-01-02T03:04"},
}  # fmt: skip
PARTS = {
    "order": (measured.order, measured.order_told), "parity": (measured.parity, measured.parity_told),
    "length": (measured.length, measured.length_told), "little": (measured.little, measured.little_told),
    "cost": (measured.cost, measured.cost_told),
}  # fmt: skip


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "stored", lambda: STORED)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_a_picture(part: str) -> None:
    assert PARTS[part][0](None, None).to_dict()["height"] > 0


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("part", "numbers"),
    [
        ("order", ["encoder 0.21 without, 0.91 with"]),
        ("parity", ["at once: 0.60 right at 16 bits, 0.60 at 32", "A GRU: 1.00"]),
        ("length", ["learned 0.90, ends there", "rotary 1.00, 0.25 at 192"]),
        ("little", ["1,000 characters: Transformer 2.40, LSTM 2.20 (best: LSTM 2.20)"]),
        ("cost", ["From 1,024 to 2,048 tokens attention takes 4.0 times as long", "34 MB instead of 8 MB"]),
    ],
)  # fmt: skip
def test_the_sentences_tell_the_stored_numbers(part: str, numbers: list[str]) -> None:
    told = measured.notice(part, PARTS[part][1])(None, None)
    assert all(number in told for number in numbers), told


@pytest.mark.usefixtures("stored")
def test_the_provenance_names_command_and_time() -> None:
    assert "python -m evidence transformer-limits, 2026-01-02, seeds 0, 1, CPU, 7 s" in measured.provenance()


def test_nothing_is_drawn_where_nothing_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "stored", dict)
    for part, (draw, told) in PARTS.items():
        assert draw(None, None) is None and measured.notice(part, told)(None, None) == ""
    assert measured.provenance() == ""
