"""Every claim's experiment in its quick form, for real: what carries the claim points its way."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from evidence.__main__ import points
from evidence.ledger.claim import claim_names, claim_of, module_of
from evidence.ledger.stored import read

TIMED = "attention_is_parallel_over_positions"  # compares times, so nothing else may run beside it
LONG = (  # quick forms of 13 to 48 s of the processor; their stored seeds are checked in any case (test_ledger.py)
    "adversaries_collapse_and_can_be_repaired", "bottlenecks_with_bends_beat_axes",
    "convolutions_need_fewer_parameters", "default_gates_lose_at_recall",
    "each_network_has_its_field", "experts_specialize_and_scale",
    "gates_remember_longer", "long_context_needs_global_dependencies", "pretraining_helps_with_few_labels",
    "transformers_scale_with_size_and_data",
)  # fmt: skip


def cases() -> Iterator[Any]:
    """Yield every claim; those that take long, or were never measured in full, only run where there is time."""
    for name in claim_names():
        marks = [pytest.mark.alone] if name == TIMED else []
        yield pytest.param(name, marks=[*marks, pytest.mark.slow] if name in LONG or not read(name).rows else marks)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", list(cases()))
def test_the_quick_form_points_the_way_of_the_claim(name: str) -> None:
    claim, row = claim_of(name), module_of(name).measure(0, True)
    for effect in claim.effects:
        value = float(row[effect.key])
        print(f"{effect.key}: {value:.4g}")
        assert math.isfinite(value)
        assert effect.limit or points(effect.above, effect.bound, value), f"{effect.key}: {value:.4g}"
