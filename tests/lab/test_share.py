"""Addresses and back, the QR code read by another library, and which run an address compares with."""

import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lab import compare
from lab.components.present import Act, act_of
from lab.controls_text import RESERVED, to_query
from lab.runs import RunStore
from lab.share import HIDEABLE, KEPT, Seen, code_for_the_room, from_query, preset_name, with_preset
from lab.talk import SLIDES, ends, place_of
from models.base import Failure
from models.configs import CONFIGS
from models.presets import FAILURES, PRESETS, Preset
from tests.lab.test_controls import any_config

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
VIEWS = st.builds(
    Seen,
    present=st.booleans(),
    slide=st.integers(0, 999),
    hide=st.sampled_from([(), ("controls",), ("menu",), HIDEABLE]),
    compare=st.text(max_size=200),
)


def through_a_browser(query: dict[str, str]) -> dict[str, str]:
    return dict(parse_qsl(urlencode(query), keep_blank_values=True))


@given(seen=VIEWS, family=st.sampled_from(sorted(CONFIGS)), data=st.data())
@settings(max_examples=60, deadline=None)
def test_an_address_brings_back_settings_and_how_they_are_looked_at(seen: Seen, family: str, data: Any) -> None:
    config = data.draw(any_config(CONFIGS[family]))
    query = through_a_browser({**to_query(config), **seen.to_query()})
    assert from_query(query) == (seen, [])
    only_settings = {name: text for name, text in query.items() if name not in RESERVED}
    assert only_settings == to_query(config)


@given(st.dictionaries(st.sampled_from([*KEPT, "units", "embed"]), st.text() | st.sampled_from(["1", "0", "-3", "²"])))
@settings(max_examples=120, deadline=None)
def test_nonsense_in_an_address_gives_a_usual_page_and_a_sentence(query: dict[str, str]) -> None:
    seen, wrong = from_query(query)
    assert from_query(seen.to_query()) == (seen, [])
    assert 0 <= seen.slide < 1000 and set(seen.hide) <= set(HIDEABLE)
    assert all(sentence.endswith(".") and len(sentence) < 200 for sentence in wrong)


@pytest.mark.parametrize(
    "query",
    [{"present": "yes"}, {"slide": "0"}, {"slide": "two"}, {"slide": "1e3"}, {"hide": "all"}, {"compare": "x" * 201}],
)
def test_what_cannot_be_used_is_named(query: dict[str, str]) -> None:
    seen, wrong = from_query(query)
    assert seen == Seen() and len(wrong) == 1
    assert wrong[0].startswith(next(iter(query)))


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_presets_have_names_of_their_own_in_addresses(family: str) -> None:
    named: list[Preset | Failure] = [*PRESETS[family], *FAILURES[family]]
    names = [preset_name(one.title) for one in named]
    assert len(set(names)) == len(names)
    for one, name in zip(named, names, strict=True):
        query, wrong = with_preset(family, {"preset": name, "seed": "7", "present": "1"})
        expected = to_query(CONFIGS[family](**{**one.settings, "seed": 7}))
        assert not wrong and query == {**expected, "present": "1"}
    query, wrong = with_preset(family, {"preset": "no such one", "seed": "7"})
    assert query == {"seed": "7"} and set(wrong) == {"preset"}


# ---- the code for the room ----


def read(svg: str, address: str) -> str:
    """Return what another library reads in a QR code. svg: must be the very modules of a drawn picture."""
    drawn = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(drawn, kind="png", scale=4, border=4)
    assert svg.count("<path") >= 1 and f'viewBox="0 0 {code.symbol_size(border=4)[0]}' in svg
    found = zxingcpp.read_barcode(Image.open(drawn).convert("L"))
    assert found is not None
    return str(found.text)


@given(query=st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_code_holds_the_address(query: dict[str, str]) -> None:
    address = f"https://example.org/mlp?{urlencode(query)}"
    code = code_for_the_room(address, "10.0.0.7")
    assert code.address == address and code.sentences == ()
    assert read(code.svg, address) == address


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.1.2.3"])
def test_the_room_gets_an_address_that_reaches_this_machine(host: str) -> None:
    code = code_for_the_room(f"http://{host}:8501/cnn?slide=3", "10.0.0.7")
    assert code.address == "http://10.0.0.7:8501/cnn?slide=3"
    assert read(code.svg, code.address) == code.address
    alone = code_for_the_room(f"http://{host}:8501/cnn?slide=3", "")
    assert "this computer only" in alone.sentences[0]


@pytest.mark.parametrize("asked", ["", "nonsense", "javascript:alert(1)", "http://", "http://host:99999/", "file:///x"])
def test_what_is_no_address_gets_no_code(asked: str) -> None:
    code = code_for_the_room(asked, "10.0.0.7")
    assert code.svg == "" and "not the address of a page" in code.sentences[0]


# ---- what the browser says ----


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ({"present": True}, Act(present=True)), ({"present": False}, Act(present=False)), ({"slide": 3}, Act(slide=3)),
        ({"code": "http://x/"}, Act(code="http://x/")), (None, None), ({}, None), ({"slide": 0}, None),
        ({"slide": True}, None), ({"slide": 1.5}, None), ({"slide": float("nan")}, None), ({"present": "1"}, None),
        ({"code": ""}, None), ({"code": "x" * 4001}, None), ({"code": 7}, None), ({"slide": 1, "present": True}, None),
        ("slide", None), ([1], None),
    ],
)  # fmt: skip
def test_only_well_formed_messages_are_acts(said: Any, act: Act | None) -> None:
    assert act_of(said) == act


# ---- two runs ----


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("runs"), examples=EXAMPLES)


def test_a_run_is_found_by_name_by_digest_and_by_settings(store: RunStore) -> None:
    config = CONFIGS["mlp"](**PRESETS["mlp"][3].settings)
    run = store.find("mlp", config.digest())
    assert run is not None
    for said in (run.run_id, config.digest(), urlencode(to_query(config))):
        found, sentence = compare.find(store, "mlp", said)
        assert sentence == "" and found is not None and found.run_id == run.run_id


@pytest.mark.parametrize("said", ["mlp-nothing", "0" * 12, "units=8&layers=1&seed=9999", "units=many", "../..", "cnn"])
def test_a_run_that_is_not_there_gets_a_sentence(store: RunStore, said: str) -> None:
    found, sentence = compare.find(store, "mlp", said)
    assert found is None and sentence.endswith(".")


def test_a_run_of_another_family_is_not_compared_with(store: RunStore) -> None:
    other = store.find("cnn", CONFIGS["cnn"]().digest())
    assert other is not None
    assert compare.find(store, "mlp", other.run_id)[0] is None


@given(family=st.sampled_from(sorted(CONFIGS)), data=st.data())
@settings(max_examples=60, deadline=None)
def test_differences_are_those_of_the_settings(family: str, data: Any) -> None:
    one, two = (data.draw(any_config(CONFIGS[family])).model_dump(mode="json") for _ in range(2))
    found = compare.differences(one, two, family)
    assert len(found) == sum(one[name] != two[name] for name in one)
    assert compare.differences(one, one, family) == []
    assert [(label, b, a) for label, a, b in found] == compare.differences(two, one, family)


# ---- the talk ----


def test_the_talk_takes_twenty_minutes_and_shows_stored_runs(store: RunStore) -> None:
    assert ends()[-1] == 20 * 60 and 18 <= len(SLIDES) <= 24
    for slide in SLIDES:
        assert slide.notes and slide.sentence and (slide.shown or slide.table or slide is SLIDES[0])
        if slide.shown is not None:
            run = store.find(slide.shown.family, slide.shown.config.digest())
            assert run is not None and run.example, slide.title
            assert bool(slide.shown.draw) == bool(slide.shown.alt)


def test_live_steps_are_short_or_begin_early(store: RunStore) -> None:
    """Pressed on a slide, a training may take a few seconds; longer ones are trained ahead."""
    for slide in SLIDES:
        if slide.shown is not None and slide.shown.live == "train":
            run = store.find(slide.shown.family, slide.shown.config.digest())
            assert run is not None and run.seconds < 5, slide.title


def test_nothing_is_trained_by_hand_while_something_trains_ahead() -> None:
    """With one slot a press on Train would wait for what trains ahead."""
    kinds = [slide.shown.live if slide.shown else "" for slide in SLIDES]
    for place, kind in enumerate(kinds):
        assert kind != "ahead" or "train" not in kinds[place - 2 : place]


@pytest.mark.parametrize(("text", "place"), [("", 1), ("3", 3), ("0", 1), ("999", len(SLIDES)), ("x", 1), ("²", 1)])
def test_any_slide_number_is_a_slide(text: str, place: int) -> None:
    assert place_of(text) == place
