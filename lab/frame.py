"""The frame around every page: title, menu, theme, device badge. Works on every deep link."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import streamlit as st

from lab import session, share
from lab.catalog import BY_SLUG, GROUPS, STOPS
from lab.clicks import whole
from lab.collection import spare_loaded_code
from lab.components.present import done, present

APP = "Road to Transformers"
ICON = str(Path(__file__).parent / "frontend" / "icon.png")
# Streamlit writes white on the primary colour, which is light in the dark theme (contrast 2.4 to 1).
DARK_BUTTONS = '<style>[data-testid="stBaseButton-primary"]:enabled p {color: #0B1016; font-weight: 600}</style>'
DEVICE_SECONDS = 4.0  # how often to ask for the device while TensorFlow is being imported
STYLE = Path(__file__).parent / "frontend" / "frame.css"
SLIDES_STYLE = Path(__file__).parent / "frontend" / "present.css"
NO_MENU = "<style>[data-testid=stSidebar], [data-testid=stExpandSidebarButton] {display: none}</style>"


def open_frame(slug: str, talk: Mapping[str, Any] | None = None) -> None:
    """Set up a page: call first, once. slug: the page's file name, "" for home; talk: see `tools`."""
    spare_loaded_code()
    title = BY_SLUG[slug].title if slug else APP
    st.set_page_config(page_title=f"{title} · {APP}" if slug else APP, page_icon=ICON, layout="wide")
    st.html(STYLE)
    if st.context.theme.type == "dark":
        st.html(DARK_BUTTONS)
    if st.query_params.get("notes", "") == "1":
        st.html(NO_MENU)
        present({"notes": True})
        st.stop()
    tools(talk)
    if presenting():
        st.html(SLIDES_STYLE)
    elif hidden("menu"):
        st.html(NO_MENU)
    else:
        with st.sidebar:
            menu()
    if wrong := share.from_query(_query())[1]:
        st.warning("A part of the address could not be used. " + " ".join(wrong).capitalize())


def _query() -> dict[str, str]:
    return dict(st.query_params.items())


def seen() -> share.Seen:
    """Return how the address wants this page to be looked at."""
    return share.from_query(_query())[0]


def presenting() -> bool:
    """Whether the page is shown on a projector (`?present=1`): no menu, its sections as slides."""
    return seen().present


def hidden(part: str) -> bool:
    """Whether the address leaves a part out (`?hide=controls,menu`), as a link for a class may."""
    return part in seen().hide


def folded() -> bool:
    """Whether only presets and the buttons of the training are drawn, without what goes further."""
    return presenting() or hidden("controls")


def tools(talk: Mapping[str, Any] | None = None) -> None:
    """Draw Present, Copy link and QR code, or the bar under slides. talk: slides that the server draws one by one."""
    with st.container(key="present"):  # frame.css takes it out of the layout
        if talk is None:
            st.fragment(_tools)(None)  # a code is drawn without drawing the page again
        else:
            _tools(talk)


def _tools(talk: Mapping[str, Any] | None) -> None:
    code = st.session_state.get("present:code")
    present({"presenting": presenting(), "talk": talk, "code": asdict(code) if code else None}, _act)
    if st.session_state.pop("present:turned", False) and talk is None:
        st.rerun()  # the tools run alone; all of the page looks otherwise now


@whole
def _act() -> None:
    act = done()
    if act is None:
        return
    if act.code is not None:
        st.session_state["present:code"] = share.code_for_the_room(act.code, share.network_address())
    if act.slide is not None:
        _turn_address(slide=str(act.slide))
    if act.present is not None:
        _turn_address(present="1" if act.present else "", slide="")
        st.session_state["present:turned"] = True


def _turn_address(**changes: str) -> None:
    """Change how the page is looked at; what it shows stays as it is."""
    for name, value in changes.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


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
