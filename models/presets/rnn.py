"""Settings of the rnn page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

PRESETS: tuple[Preset, ...] = ()
FAILURES: tuple[Failure, ...] = ()
