"""Where a run's numbers come from, in one line: live or stored, seed, steps, seconds, device, versions, check."""

import re

from lab.shown_run import ShownRun


def provenance_line(run: ShownRun) -> str:
    """Return where a run's numbers come from, as HTML."""
    tags = {"live": "Trained live", "stored": "Stored run", "example": "Stored example"}
    tag = tags[run.origin] if run.final or run.origin != "live" else "Live"
    parts = [f"seed {run.config.get('seed', 0)}"]
    if run.final:
        parts.append(f"{run.step:,} steps")
    if run.final and run.seconds:
        parts.append(f"{run.seconds:.3g} s of training")
    if run.device:
        parts.append(_escape(run.device))
    if run.created:
        parts.append(run.created[:16].replace("T", " ") + " UTC")
    if run.versions:
        parts.append(f"TensorFlow {run.versions.get('tensorflow', '?')}, Keras {run.versions.get('keras', '?')}")
    if run.events:
        parts.append(
            "; ".join(f"{_escape(str(event['change']))} at step {event['step']:,}" for event in run.events[:3])
        )
    parts.append(f"checked by tests/models/test_{run.family}.py")
    return f'<span class="tag">{tag}</span>' + " · ".join(parts)


def _escape(text: str) -> str:
    return re.sub(r"[<>&]", "", text)
