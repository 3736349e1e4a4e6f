"""Clicks that are carried out whole.

Streamlit looks for newer requests of the browser whenever a callback reads or writes the session. If one waits, it ends
the callback there, runs the page for the newer request, and never calls the callback again: the click is lost, or
half of it.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from streamlit.runtime.scriptrunner import RerunException

P = ParamSpec("P")


def whole(callback: Callable[P, None]) -> Callable[P, None]:
    """Return a callback that is begun again if a newer request ended it; the request follows when it is done.

    The callback must bear to be begun twice: it reads the session first and acts afterwards.
    """

    @wraps(callback)
    def carried_out(*arguments: P.args, **named: P.kwargs) -> None:
        newer: RerunException | None = None
        while True:
            try:
                callback(*arguments, **named)
                break
            except RerunException as request:  # taken off the list of requests, so it comes once
                newer = request
        if newer is not None:
            raise newer

    return carried_out
