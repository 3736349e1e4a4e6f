"""Home: every stop of the road with a picture of a stored run, and a field that leads to any demo."""

import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from lab import session
from lab.catalog import STOPS
from lab.charts.home_pictures import PORTRAITS, portrait
from lab.controls_text import from_query
from lab.demos import demos
from lab.home import FAVOURITES
from lab.shown_run import ShownRun
from models.configs import CONFIGS
from models.presets import FAILURES, PRESETS
from tests.pages.conftest import open_page


@pytest.fixture(scope="module")
def home() -> AppTest:
    page = open_page("")
    assert not page.exception and not page.warning
    return page


def texts(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.get("html"))


def test_every_stop_is_there_with_what_it_solved_and_what_stayed(home: AppTest) -> None:
    body = texts(home)
    for stop in STOPS:
        assert stop.idea in body or not stop.built
        assert all(text in body for text in (stop.solved, stop.limit, stop.kept, stop.lives_on) if text)
    links = {link.proto.label for link in home.get("page_link")}
    assert {f"**{stop.title}**" for stop in STOPS if stop.built} <= links


def test_every_family_has_a_picture_of_a_stored_run(home: AppTest) -> None:
    assert set(PORTRAITS) == set(CONFIGS)
    body = texts(home)
    for family, known in PORTRAITS.items():
        assert f'portrait-{family}" role="img" aria-label="{known.alt}"' in body
        found = re.search(rf"\.portrait-{family} {{background-image: url\(\"data:image/webp;base64,([^\"]+)", body)
        assert found is not None, family
        picture = Image.open(io.BytesIO(base64.b64decode(found.group(1))))
        assert picture.size == (240, 240)
    assert len(body) < 400_000  # it opens at once


def stored(family: str) -> ShownRun:
    preset = next(one for one in PRESETS[family] if one.title == PORTRAITS[family].preset)
    summary = session.store().find(family, CONFIGS[family](**preset.settings).digest())
    assert summary is not None
    return ShownRun.from_record(session.store().open(summary.run_id))


def pixels(uri: str | None) -> np.ndarray:
    assert uri is not None
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGBA")).astype(float)


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_a_picture_shows_its_run_and_nothing_else(family: str) -> None:
    """Another run gives another picture: the arrays of the last moment decide it."""
    run = stored(family)
    last = pixels(portrait(family, run, dark=False))
    first = pixels(portrait(family, ShownRun(**{**run.__dict__, "moments": run.moments[:1]}), dark=False))
    assert np.abs(last - first).mean() > 0.5
    assert (last[..., 3] > 0).mean() > 0.05


def test_the_digit_map_holds_the_prototypes() -> None:
    """Read back from the pixels: a darker square is a larger number of the prototype."""
    run = stored("som")
    first = run.view().prototypes[0].astype(float).reshape(8, 8)
    drawn = pixels(portrait("som", run, dark=False))[..., 3]
    step = 240 / (10 * 8 + 9 * 2)
    middles = ((np.arange(8) + 0.5) * step).astype(int)
    seen = drawn[np.ix_(middles, middles)]
    assert np.corrcoef(seen.ravel(), np.clip(first, 0, None).ravel())[0, 1] > 0.95


# ---- the field that leads to a demo ----


def shown_by(family: str) -> list[Any]:
    """Return the presets and the failures of a family."""
    return [*PRESETS[family], *FAILURES[family]]


def test_every_preset_and_failure_can_be_found() -> None:
    known = demos()
    labels = [demo.label for demo in known]
    assert len(set(labels)) == len(labels)
    for family in CONFIGS:
        for one in shown_by(family):
            assert any(demo.slug == family and demo.title == one.title for demo in known)


@pytest.mark.parametrize("demo", [demo for demo in demos() if demo.slug in CONFIGS], ids=lambda demo: demo.label[:60])
def test_its_address_gives_its_settings(demo: Any) -> None:
    config, rejected = from_query(CONFIGS[demo.slug], demo.query)
    assert not rejected
    wanted = [one for one in shown_by(demo.slug) if one.title == demo.title]
    assert not wanted or any(CONFIGS[demo.slug](**one.settings) == config for one in wanted)


def test_favourites_are_links_with_settings(home: AppTest) -> None:
    links = {link.proto.label: link.proto.query_string for link in home.get("page_link")}
    for slug, name in FAVOURITES:
        demo = next(one for one in demos() if (one.slug, one.title) == (slug, name))
        assert all(f"{key}=" in links[name] for key in demo.query)


def test_a_chosen_demo_leads_to_its_page_with_its_settings(home: AppTest) -> None:
    chosen = next(demo for demo in demos() if demo.title == "Two spirals" and demo.slug == "mlp")
    home.selectbox(key="home:find").select(chosen).run()
    assert not home.exception
    link = next(one for one in home.get("page_link") if one.proto.label == "Opening Two spirals")
    assert link.proto.page.endswith("mlp") and "dataset=spiral" in link.proto.query_string
    assert home.selectbox(key="home:find").value is None  # coming back, the field is empty again
