"""Data that has to be fetched from the internet once: is it here, how far is its download, can a run be asked."""

import streamlit as st

from lab.controls import Controls
from lab.datasets.images import DOWNLOADED, TITLES, download_share, megabytes
from lab.shown_run import ShownRun

LOOK_SECONDS = 1.0  # between two looks at how far a download is


def fetched_data(controls: Controls) -> None:
    """Say whether the chosen set is on this machine, and how far its download is; nothing for bundled data."""
    name = str(st.session_state[controls.key("dataset")])
    if name in DOWNLOADED and download_share(name) < 1.0:
        st.fragment(_download, run_every=LOOK_SECONDS)(name)


def _download(name: str) -> None:
    share, size = download_share(name), f"{megabytes(name):.0f} MB"
    if share >= 1.0:
        st.rerun()
    told = f"{share * megabytes(name):.1f} of {size} are here." if share else "None of it is here yet."
    st.progress(share, f"{TITLES[name]} has to be fetched from the internet once ({size}) and is then kept. {told}")


def missing(run: ShownRun) -> str:
    """Return why a run cannot be asked, a sentence, where its data is not on this machine; "" where it is."""
    name = str(run.config["dataset"])
    if download_share(name) >= 1.0:
        return ""
    return f"To ask this network, its data has to be here: Train again fetches {TITLES[name]} and trains it anew."
