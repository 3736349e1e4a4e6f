"""The line under a picture that says what to notice."""

import streamlit as st


def notice(text: str) -> None:
    """Draw the line."""
    st.html(f'<p class="notice"><b>Notice.</b> {text}</p>')
