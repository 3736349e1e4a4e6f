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
from lab.engine.server import Engine
from lab.engine.settings import Settings
from lab.engine.watch import Watch, exit_with


def _store() -> tuple[Any, Any]:
    """Return how to keep an ended run and how to recall one; the store is imported when it is first needed."""
    from lab.storage import data_folder

    def opened() -> Any:
        from lab.runs import RunStore

        return RunStore(data_folder() / "runs")

    def keep(record: dict[str, Any]) -> None:
        from lab.runs import Record, versions

        opened().save(Record(**{**record, "device": describe(record["device"]), "versions": versions()}))

    def recall(run_id: str) -> tuple[str, dict[str, Any], list[Any]] | None:
        try:
            record = opened().open(run_id)
        except (ValueError, OSError, KeyError):
            return None
        return record.family, record.config, list(record.weights)

    return keep, recall


def describe(device: dict[str, str]) -> str:
    """Return a device as one text, such as "CPU: AMD EPYC"."""
    return f"{device.get('kind', 'CPU')}: {device.get('name', 'unknown')}"


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
