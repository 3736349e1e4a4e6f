"""Follow a link of the page, as if it had been clicked.

`st.switch_page` opens the other page but leaves the path of the address as it was (Streamlit 1.67), so that it could
not be copied or loaded again; a link sets both.
"""

from typing import Any

import streamlit as st

_follow = st.components.v2.component(
    "road_follow",
    js="""
    export default function mount({ data }) {
      const find = (left) => {
        const link = document.querySelector(data.link);
        if (link) link.click();
        else if (left) setTimeout(() => find(left - 1), 30);
      };
      find(60);
    }
    """,
)


def follow(link: str) -> Any:
    """Click the first link that fits a CSS selector; it may appear a moment later."""
    return _follow(data={"link": link}, key=f"follow:{link}")
