"""The frame around every page: title, menu, theme, device badge. Works on every deep link."""

from pathlib import Path

import streamlit as st

from lab import session
from lab.catalog import BY_SLUG, GROUPS, STOPS
from lab.collection import spare_loaded_code

APP = "Road to Transformers"
ICON = str(Path(__file__).parent / "frontend" / "icon.png")
# Streamlit writes white on the primary colour, which is light in the dark theme (contrast 2.4 to 1).
DARK_BUTTONS = '<style>[data-testid="stBaseButton-primary"]:enabled p {color: #0B1016; font-weight: 600}</style>'
DEVICE_SECONDS = 4.0  # how often to ask for the device while TensorFlow is being imported
STYLE = Path(__file__).parent / "frontend" / "frame.css"


def open_frame(slug: str) -> None:
    """Set up a page: call first, once. slug: the page's file name, "" for home."""
    spare_loaded_code()
    title = BY_SLUG[slug].title if slug else APP
    st.set_page_config(page_title=f"{title} · {APP}" if slug else APP, page_icon=ICON, layout="wide")
    st.html(STYLE)
    if st.context.theme.type == "dark":
        st.html(DARK_BUTTONS)
    if presenting():
        st.html("<style>[data-testid=stSidebar], [data-testid=stExpandSidebarButton] {display: none}</style>")
        return
    with st.sidebar:
        menu()


def presenting() -> bool:
    """Whether the page is shown on a projector (`?present=1`): no menu, one section per screen."""
    return st.query_params.get("present", "") == "1"


def menu() -> None:
    """Draw the grouped menu; pages that come later are listed as next."""
    st.page_link("streamlit_app.py", label=f"**{APP}**")
    for group in GROUPS:
        st.html(f'<p class="menu-group">{group}</p>')
        for stop in (stop for stop in STOPS if stop.group == group):
            if stop.built:
                st.page_link(f"pages/{stop.slug}.py", label=stop.title)
            else:
                st.html(f'<p class="menu-next">{stop.title}<span>next</span></p>')
    known = session.device_badge()[0] != session.UNKNOWN
    st.fragment(device_line, run_every=None if known else DEVICE_SECONDS)()


def device_line() -> None:
    """Say what trains: the processor, or the graphics card if TensorFlow sees one."""
    kind, name = session.device_badge()
    job = "" if kind == session.UNKNOWN else "<br>trains the networks"
    st.html(f'<p class="device"><span class="device-kind">{kind}</span>{name}{job}</p>')


def quiet(text: str) -> None:
    """Write a remark that stays behind the rest, but readable: Streamlit's captions miss the contrast of 4.5 to 1."""
    st.html(f'<p class="quiet">{text}</p>')
