"""Pictures: arrays in, picture out, without Streamlit and Keras.

Altair checks every part of a chart when it is made, and the whole when it becomes a specification. The second is
enough, and the first takes a quarter of the time in which a page is drawn.
"""

from altair.utils.schemapi import disable_debug_mode

disable_debug_mode()
