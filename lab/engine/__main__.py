"""The engine as a process of its own: `python -m lab.engine`, started by the app, ended with it.

Reads a secret from its standard input, prints its address, serves until the standard input closes. The client made it
the leader of a process group, which all its runs belong to: so they can be ended together, also those that hang.
"""

import contextlib
import importlib
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable
from multiprocessing.managers import BaseManager
from multiprocessing.util import get_temp_dir
from typing import Any

from lab.engine.client import METHODS, end_group
from lab.engine.environment import prune
from lab.engine.processes import kill
from lab.engine.server import Engine, Keep, Recall
from lab.engine.settings import Settings
from lab.engine.versions import describe, versions
from lab.engine.watch import Watch
from lab.run_files import CorruptRun, Record, UnknownRun
from lab.runs import RunStore
from lab.storage import data_folder, examples_folder, runs_folder


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


def _tidy(megabytes: int) -> Callable[[], None]:
    """Return what bounds the compiled functions on disk."""
    folder = data_folder() / "compiled"

    def tidy() -> None:
        if folder.is_dir():
            prune(folder, megabytes * 1_000_000)

    return tidy


def _own_standard_output() -> Any:
    """Keep the standard output for the address alone: nobody reads on, and a run that prints would fill the pipe."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answer


def serve() -> None:
    """Run the engine until the standard input closes."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s engine %(levelname)s %(message)s")
    answer = _own_standard_output()
    secret = bytes.fromhex(sys.stdin.readline().strip())
    settings = Settings.from_environment()
    for plug_in in filter(None, settings.families.split(",")):
        importlib.import_module(plug_in.strip())
    engine = Engine(settings, *_store())
    engine.discard_compiled = _tidy(0)
    Watch(engine, _tidy(settings.compile_cache_megabytes)).begin()

    class Manager(BaseManager):
        pass

    Manager.register("engine", callable=lambda: engine, exposed=METHODS)
    server = Manager(authkey=secret).get_server()
    with answer:
        print(repr(server.address), file=answer)
    threading.Thread(target=_end_with_standard_input, args=(engine,), daemon=True, name="end").start()
    server.serve_forever()


def _end_with_standard_input(engine: Engine) -> None:
    """End this process, and all runs, as soon as the process that started it has ended."""
    try:
        while sys.stdin.read(4096):
            pass
    finally:
        shutil.rmtree(get_temp_dir(), ignore_errors=True)
        with contextlib.suppress(RuntimeError):  # a run may come or go meanwhile; the group catches it
            for run in list(engine.runs.values()):
                kill(run.pid)
        end_group(os.getpid())
        os._exit(0)


if __name__ == "__main__":
    serve()
