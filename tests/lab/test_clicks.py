"""A click is carried out whole, also if Streamlit ends its callback for a newer request of the browser."""

import pytest
from streamlit.runtime.scriptrunner import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType
from streamlit.runtime.state import SafeSessionState, SessionState

from lab.clicks import whole


def session(requests: ScriptRequests) -> SafeSessionState:
    """Return a session as a script's thread has it: each touch looks for newer requests."""

    def look() -> None:
        request = requests.on_scriptrunner_yield()
        if request is not None and request.type is ScriptRequestType.RERUN:
            raise RerunException(request.rerun_data)

    return SafeSessionState(SessionState(), look)


def test_a_newer_request_ends_a_callback_at_its_first_look_at_the_session() -> None:
    """What `whole` is there for: should Streamlit change it, `whole` can go."""
    requests, done = ScriptRequests(), []
    state = session(requests)
    requests.request_rerun(RerunData(query_string="newer"))
    with pytest.raises(RerunException):
        done.append("state" in state)
    assert not done


@pytest.mark.parametrize("waiting", [False, True])
def test_a_click_is_carried_out_once_and_the_newer_request_follows(waiting: bool) -> None:
    requests, done = ScriptRequests(), []
    state = session(requests)

    @whole
    def click(name: str) -> None:
        known = "run" in state
        done.append((name, known))

    if waiting:
        requests.request_rerun(RerunData(query_string="newer"))
        with pytest.raises(RerunException) as raised:
            click("pause")
        assert raised.value.rerun_data.query_string == "newer"
    else:
        click("pause")
    assert done == [("pause", False)]
