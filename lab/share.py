"""Addresses: what stands in them besides the settings, and the QR code for the room. No Streamlit here."""

import io
import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import segno

from lab.controls_text import to_query
from models.base import Failure
from models.configs import CONFIGS
from models.presets import FAILURES, PRESETS, Preset

HIDEABLE = ("controls", "menu")
KEPT = ("present", "slide", "hide", "compare")  # stay in the address whatever the settings are
LONGEST_COMPARE = 200


@dataclass(frozen=True)
class Seen:
    """How a page is looked at. slide: from 1 on, 0 for none; hide: what is left out; compare: a run, or its digest."""

    present: bool = False
    slide: int = 0
    hide: tuple[str, ...] = ()
    compare: str = ""

    def to_query(self) -> dict[str, str]:
        """Return it as text for an address; what is as usual is left out."""
        said = {
            "present": "1" if self.present else "",
            "slide": str(self.slide) if self.slide else "",
            "hide": ",".join(self.hide),
            "compare": self.compare,
        }
        return {name: value for name, value in said.items() if value}


def from_query(query: Mapping[str, str]) -> tuple[Seen, list[str]]:
    """Return how an address wants its page to be looked at, and a sentence for each part that cannot be used."""
    wrong = []
    present = query.get("present", "")
    if present not in ("", "0", "1"):
        wrong.append("present is 1 or is left out.")
    slide = query.get("slide", "")
    number = int(slide) if slide.isascii() and slide.isdigit() and len(slide) < 4 else 0
    if slide and not number:
        wrong.append("slide is a number from 1 on; the first one is shown.")
    asked = [word for word in query.get("hide", "").split(",") if word]
    if unknown := [word for word in asked if word not in HIDEABLE]:
        wrong.append(f"hide knows {' and '.join(HIDEABLE)}, not “{_short(', '.join(unknown))}”.")
    compare = query.get("compare", "")
    if len(compare) > LONGEST_COMPARE:
        wrong.append("compare names one run by its name or by its settings' digest; this is too long for either.")
    hide = tuple(word for word in HIDEABLE if word in asked)
    return Seen(present == "1", number, hide, compare if len(compare) <= LONGEST_COMPARE else ""), wrong


def preset_name(title: str) -> str:
    """Return how a preset or a failure is called in an address."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def with_preset(family: str, query: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return a query with its preset written out as settings, which the query's own go before; and what is wrong."""
    rest = {name: value for name, value in query.items() if name != "preset"}
    if not query.get("preset"):
        return rest, {}
    named: list[Preset | Failure] = [*PRESETS.get(family, ()), *FAILURES.get(family, ())]
    known = {preset_name(one.title): one.settings for one in named}
    if query["preset"] not in known:
        return rest, {"preset": f"this page has none of this name; it has {', '.join(known)}"}
    return {**to_query(CONFIGS[family](**known[query["preset"]])), **rest}, {}


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


# ---- the code for the room ----


@dataclass(frozen=True)
class Code:
    """A QR code. svg: the picture, "" where there can be none; sentences: what a person should know of it."""

    asked: str
    address: str
    svg: str
    sentences: tuple[str, ...]


def code_for_the_room(asked: str, network_address: str = "") -> Code:
    """Return an address as a QR code that phones in the room can use.

    network_address: how other machines reach this one; stands in where the address says localhost.
    """
    try:
        parts = urlsplit(asked)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host:
        return Code(asked, "", "", ("This is not the address of a page, so there is no code for it.",))
    address, sentences = asked, tuple[str, ...]()
    if _only_here(host):
        if not network_address:
            said = "This address works on this computer only. Open the app under its network address for the room."
            return Code(asked, asked, _svg(asked), (said,))
        place = network_address + (f":{port}" if port else "")
        address = urlunsplit((parts.scheme, place, parts.path, parts.query, ""))
        sentences = ("For everybody in the network of this computer:",)
    return Code(asked, address, _svg(address), sentences)


def _only_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _svg(address: str) -> str:
    """Return the modules as an SVG picture, black on white, with the quiet zone that readers need."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, omitsize=True, border=4,
                                                     light="#fff", svgclass=None, lineclass=None)  # fmt: skip
    return drawn.getvalue().decode()


def network_address() -> str:
    """Return the address of this machine in its own network, "" where it has none. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a reserved address: a datagram socket only looks up the way to it
            found = str(probe.getsockname()[0])
        except OSError:
            return ""
    return "" if _only_here(found) else found
