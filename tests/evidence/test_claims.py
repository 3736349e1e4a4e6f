"""Every claim's experiment in its quick form, for real: what carries the claim points its way."""

import math

import pytest

from evidence.__main__ import points
from evidence.ledger.claim import claim_names, claim_of, module_of


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", claim_names())
def test_the_quick_form_points_the_way_of_the_claim(name: str) -> None:
    claim, row = claim_of(name), module_of(name).measure(0, True)
    for effect in claim.effects:
        value = float(row[effect.key])
        print(f"{effect.key}: {value:.4g}")
        assert math.isfinite(value)
        assert effect.limit or points(effect.above, effect.bound, value), f"{effect.key}: {value:.4g}"
