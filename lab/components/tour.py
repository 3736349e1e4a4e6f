"""A short tour over the home page. The browser remembers that it was seen; nothing is sent to the server."""

from pathlib import Path
from typing import Any

import streamlit as st

from lab.components.stage import slim

_FOLDER = Path(__file__).parent
STEPS: tuple[dict[str, str], ...] = (
    {
        "title": "A road, stop by stop",
        "text": "Each card is a family of networks. Its picture was drawn from a network that really trained here. "
        "Read them in their order: most begin where an earlier one ends.",
        "target": "[class*='st-key-stop-backpropagation']",
    },
    {
        "title": "Open a card and press Train",
        "text": "Data on the left, the network in the middle, the result on the right. Turn a control, press Train, "
        "and watch it learn. Further down the page looks inside, and shows where it breaks.",
        "target": "[class*='st-key-stop-mlp']",
    },
    {
        "title": "Looking for something?",
        "text": "Type a word, such as spirals or collapse, and go straight to the page with those settings.",
        "target": ".st-key-find",
    },
    {
        "title": "Do not take our word for it",
        "text": "Every claim has an experiment that can be run again. It says, too, where the claim ends.",
        "target": "[class*='st-key-stop-evidence']",
    },
)

_tour = st.components.v2.component(
    "road_tour",
    css=slim((_FOLDER / "tour.css").read_text(encoding="utf-8")),
    js=slim((_FOLDER / "tour.js").read_text(encoding="utf-8")),
    isolate_styles=True,
)


def tour() -> Any:
    """Offer the tour: open on a first visit, afterwards a quiet button."""
    return _tour(data={"steps": list(STEPS)}, key="tour")
