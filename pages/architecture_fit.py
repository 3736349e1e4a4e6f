"""Architecture fit: which network for which task, by measurement, and which one for your own table."""

import streamlit as st

from lab import frame
from lab.catalog import BY_SLUG
from lab.lessons.fit_my_data import fit_my_data, which_network

frame.open_frame("architecture_fit")
stop = BY_SLUG["architecture_fit"]

# The sections of this page, each of which draws itself, since their widgets change while a process trains:
#
#   Which network fits my data?
#       a form, and the families in the order that the measured cells of the matrix give them
#   Fit my data
#       a table of one's own, and every family that applies trained on it side by side

st.html(
    f'<div class="page-head"><h1>{stop.title}</h1><p>{stop.idea}</p>'
    '<p class="origin">No table of opinions: every number here comes from a network that was trained.</p></div>'
)

# ---- from what is measured to what to try ----

which_network()

# ---- from what to try to what is so, on your own rows ----

fit_my_data()
