"""The lab without a browser.

python -m lab train mlp dataset=digits seed=0 epochs=20 --json result.json
python -m lab examples            train and store the runs that the pages open with (examples/)
python -m lab train-gpt           train the small GPT that is shipped (pretrained/small-gpt), on one core
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.controls_text import parse_settings
from lab.engine.environment import training_environment
from lab.engine.settings import Settings
from lab.run_files import json_values
from lab.storage import data_folder, pretrained_folder


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
    gpt = commands.add_parser("train-gpt", help="train the small GPT that is shipped; goes on where it stopped")
    gpt.add_argument(
        "--folder", type=Path, default=pretrained_folder() / "small-gpt", help="where the model is written"
    )
    gpt.add_argument("--steps", type=int, help="steps of a shorter or longer training")
    chosen = parser.parse_args(arguments)
    try:
        limits = Settings.from_environment()
    except ValueError as error:
        return _refuse(str(error))
    with _variables(training_environment(data_folder() / "compiled", limits.compile_cache_megabytes)):
        return _run(chosen, limits)


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables that are not set yet, and take them back: an engine that starts later makes its own."""
    ours = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _run(chosen: argparse.Namespace, limits: Settings) -> int:
    for plug_in in filter(None, limits.families.split(",")):
        importlib.import_module(plug_in.strip())
    if chosen.command == "train":
        return _train(chosen, limits.threads)
    if chosen.command == "train-gpt":
        return _train_gpt(chosen)
    return _examples(chosen.families, limits.threads)


def _refuse(*sentences: str) -> int:
    """Say what is wrong with the command and return the exit status for that."""
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 2


def _unknown(families: Sequence[str]) -> list[str]:
    from models.configs import CONFIGS

    return [
        f"There is no family {name!r}. There are: {', '.join(CONFIGS)}." for name in families if name not in CONFIGS
    ]


def _train(chosen: argparse.Namespace, threads: int) -> int:
    from models.configs import CONFIGS

    if unknown := _unknown([chosen.family]):
        return _refuse(*unknown)
    config, rejected = parse_settings(CONFIGS[chosen.family], chosen.settings)
    if rejected:
        return _refuse(*(f"{name}: {reason}" for name, reason in rejected.items()))
    if chosen.json and not chosen.json.parent.is_dir():
        return _refuse(f"There is no folder {chosen.json.parent} to write {chosen.json.name} to.")
    from lab.direct import train_here
    from lab.engine.run_process import prepare_process

    prepare_process(threads, family_name=chosen.family)
    try:
        record = train_here(config, keep=not chosen.no_store)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if record["message"]:
        print(record["message"], file=sys.stderr)
    if chosen.json:
        chosen.json.write_text(json.dumps(json_values(record), indent=1) + "\n", encoding="utf-8")
    return 0 if record["status"] == "finished" else 1


def _train_gpt(chosen: argparse.Namespace) -> int:
    if chosen.steps is not None and chosen.steps < 1:
        return _refuse("The number of steps must be at least 1.")
    from lab.engine.run_process import prepare_process

    prepare_process(threads=1)
    from lab.train_gpt import train_gpt
    from models.small_gpt import Recipe

    recipe = Recipe(steps=chosen.steps) if chosen.steps else Recipe()
    told = train_gpt(data_folder() / "small-gpt", chosen.folder, recipe)
    best = min(told["baselines"], key=lambda row: row["bits_per_character"])
    print(f"Bits per character on unseen documents: {told['bits_per_character']:.3f}. "
          f"{best['name']}: {best['bits_per_character']:.3f}.")  # fmt: skip
    return 0


def _examples(families: Sequence[str], threads: int) -> int:
    if unknown := _unknown(families):
        return _refuse(*unknown)
    from models.configs import CONFIGS

    if len(names := families or list(CONFIGS)) > 1:  # TensorFlow's threads are set once per process, and per family
        return max(subprocess.run([sys.executable, "-m", "lab", "examples", name]).returncode for name in names)
    from lab.direct import train_examples
    from lab.engine.run_process import prepare_process

    prepare_process(threads, family_name=names[0])
    train_examples(names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
