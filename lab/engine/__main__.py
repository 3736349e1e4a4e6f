"""The engine as a process of its own: `python -m lab.engine`, started by the app, ended with it.

Reads a secret from its standard input, prints its address, serves until the standard input closes.
"""

import logging
import sys
import threading
from multiprocessing.managers import BaseManager
from typing import Any

from lab.engine.client import METHODS
from lab.engine.processes import kill
from lab.engine.server import Engine, Keep, Recall
from lab.engine.settings import Settings
from lab.engine.versions import describe, versions
from lab.engine.watch import Watch, exit_with
from lab.runs import CorruptRun, Record, RunStore, UnknownRun
from lab.storage import examples_folder, runs_folder


def _store() -> tuple[Keep, Recall]:
    """Return how to keep an ended run and how to recall one."""
    store = RunStore(runs_folder(), examples=examples_folder())

    def keep(record: dict[str, Any]) -> None:
        store.save(Record(**{**record, "device": describe(record["device"]), "versions": versions()}))

    def recall(run_id: str) -> tuple[str, dict[str, Any], list[Any]] | None:
        try:
            record = store.open(run_id)
        except (UnknownRun, CorruptRun):
            return None
        return record.family, record.config, list(record.weights)

    return keep, recall


def serve() -> None:
    """Run the engine until the standard input closes."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s engine %(levelname)s %(message)s")
    secret = bytes.fromhex(sys.stdin.readline().strip())
    engine = Engine(Settings.from_environment(), *_store())
    Watch(engine).begin()

    class Manager(BaseManager):
        pass

    Manager.register("engine", callable=lambda: engine, exposed=METHODS)
    server = Manager(authkey=secret).get_server()
    print(repr(server.address), flush=True)

    def close() -> None:
        for run in list(engine.runs.values()):
            kill(run.pid)

    threading.Thread(target=exit_with, args=(sys.stdin, close), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    serve()
