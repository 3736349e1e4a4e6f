"""One palette with fixed meanings on all pages: colour-blind safe, readable on light and on dark ground.

Class colours: Okabe and Ito, "Color Universal Design" (2008), in an order that keeps neighbours far apart;
yellow and black are left out, since one of them is lost on each ground.
"""

CLASSES = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F", "#8C6BB1", "#B2912F", "#4D9DA8",
)  # fmt: skip

ROLES = {
    "model": "#0072B2",
    "train": "#0072B2",
    "test": "#D55E00",
    "baseline": "#7F7F7F",
    "real": "#009E73",
    "generated": "#E69F00",
    "wrong": "#D55E00",
}

# From negative through nothing to positive: orange, clear, blue. Safe for the common colour blindnesses.
NEGATIVE, NEUTRAL, POSITIVE = "#E07B00", "#F5F5F2", "#0072B2"
ATTENTION = ("#F3F0F9", "#4A1486")

# Axes in the page's own text colour: the theme's grey is too faint for a hall.
LEGIBLE = {"labelColor": "currentColor", "titleColor": "currentColor", "labelOpacity": 0.9, "titleOpacity": 0.9}
