"""Keep Streamlit's garbage collection short.

Streamlit runs a full collection after every script run, and a live picture is a script run ten times a second. With
pandas, Altair and Arrow loaded a collection looks at 136,000 objects for 80 ms, during which the process does nothing
else; none of them is ever freed. `gc.freeze` takes them out of its sight (Python documentation, module gc).
"""

import gc
import sys
from threading import Lock

NEW_MODULES = 20  # so many more than last time: something large was imported
_lock = Lock()
_known = 0


def spare_loaded_code() -> bool:
    """Leave out of later collections what imports have made since the last call; return whether there was any."""
    global _known
    with _lock:
        loaded = len(sys.modules)
        if loaded < _known + NEW_MODULES:
            return False
        gc.collect()  # what is garbage now would otherwise stay for ever
        gc.freeze()
        _known = loaded
        return True
