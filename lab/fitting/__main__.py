"""One race as a process of its own: `python -m lab.fitting`. Asked in one line of JSON, tells events line by line.

A further line "stop" cancels: what is done counts, and the best network so far is still trained on all rows. It ends
with the process that started it.
"""

import json
import os
import sys
import threading
from typing import Any

from lab.engine.environment import training_environment
from lab.engine.settings import Settings
from lab.storage import data_folder, uploads_folder


def main() -> None:
    """Read the request, race, tell."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints must not break the lines of events
    megabytes = Settings.from_environment().compile_cache_megabytes
    os.environ.update(training_environment(data_folder() / "compiled", megabytes))
    line, stop = sys.stdin.readline(), threading.Event()
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()

    def say(event: dict[str, Any]) -> None:
        answer.write(json.dumps(event) + "\n")
        answer.flush()

    _race(line, say, stop)


def _race(line: str, say: Any, stop: threading.Event) -> None:
    from lab.datasets.dataset import UnfitData
    from lab.fitting.request import Request
    from lab.fitting.table import chosen_table, splits

    try:
        request = Request.from_json(line)
        table = chosen_table(request, uploads_folder())
        splits(table, request.folds, request.seed)  # what cannot be raced on is said before TensorFlow is waited for
        say({"event": "starting"})
        from lab.fitting.race import Race  # TensorFlow: some seconds

        _one_thread()
        race = Race(request, table, say, stop.is_set)
        race.refit(request.refit, request.steps) if request.refit else race.run()
        say({"event": "end"})
    except UnfitData as problem:
        say({"event": "unfit", "why": str(problem)})
    except (ValueError, TypeError) as problem:
        say({"event": "unfit", "why": f"This cannot be trained: {problem}"})


def _one_thread() -> None:
    """Small matrices are multiplied faster by one thread than by two, and the other core stays free."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it counts the many small networks as one that is compiled again and again
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _listen(stop: threading.Event) -> None:
    """Hear "stop"; end at once when the process that started this one has gone."""
    for line in sys.stdin:
        if line.strip() == "stop":
            stop.set()
    os._exit(0)


if __name__ == "__main__":
    main()
