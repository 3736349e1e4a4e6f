"""Which sequences a recurrent family's settings ask for."""

from lab.datasets.memory_tasks import MEMORY_TASKS, memory_task
from lab.datasets.sequence import SequenceData
from lab.datasets.series import series
from lab.datasets.text import text
from models.configs.recurrent import SERIES, RecurrentConfig


def load_sequences(config: RecurrentConfig) -> SequenceData:
    """Return the data that the settings ask for, seeded. Raises UnfitData, in plain words, on unfit data."""
    if config.dataset in MEMORY_TASKS:
        return memory_task(config.dataset, lag=config.lag, samples=config.samples, seed=config.seed)
    if config.dataset in SERIES:
        return series(
            config.dataset, window=config.lag, changes=config.differences, upload=config.upload, column=config.target
        )
    return text(config.dataset, window=config.lag, seed=config.seed, upload=config.upload)
