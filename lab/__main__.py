"""The lab without a browser.

    python -m lab train mlp dataset=digits seed=0 epochs=20 --json result.json
    python -m lab examples            train and store the runs that the pages open with (examples/)
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.controls_text import parse_settings
from lab.engine.environment import training_environment
from lab.engine.settings import Settings
from lab.storage import data_folder


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train one run of a family, with a progress bar")
    train.add_argument("family")
    train.add_argument("settings", nargs="*", metavar="name=value", help="settings that differ from the defaults")
    train.add_argument("--json", type=Path, help="write settings, metrics and facts to this file")
    train.add_argument("--no-store", action="store_true", help="do not keep the run in the store")
    examples = commands.add_parser("examples", help="train and store the runs the pages open with")
    examples.add_argument("families", nargs="*", help="only these families")
    chosen = parser.parse_args(arguments)
    limits = Settings.from_environment()
    for name, value in training_environment(data_folder() / "compiled", limits.compile_cache_megabytes).items():
        os.environ.setdefault(name, value)
    return _train(chosen) if chosen.command == "train" else _examples(chosen.families)


def _train(chosen: argparse.Namespace) -> int:
    from models.configs import CONFIGS

    if chosen.family not in CONFIGS:
        print(f"There is no family {chosen.family!r}. There are: {', '.join(CONFIGS)}.", file=sys.stderr)
        return 2
    config, rejected = parse_settings(CONFIGS[chosen.family], chosen.settings)
    for name, reason in rejected.items():
        print(f"{name}: {reason}", file=sys.stderr)
    if rejected:
        return 2
    from lab.direct import train_here

    try:
        record = train_here(config, keep=not chosen.no_store)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.json:
        chosen.json.write_text(json.dumps(record, indent=1, default=float) + "\n", encoding="utf-8")
    return 0


def _examples(families: Sequence[str]) -> int:
    from lab.direct import train_examples

    train_examples(families)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
