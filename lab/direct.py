"""Train in this very process, without engine and browser: for the command line and for the shipped examples."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from tqdm import tqdm

from lab.engine.messages import SCENE_STEP
from lab.engine.run_process import build_network, describe_device, diverged, facts_of, last_words
from lab.engine.run_state import new_run_id
from lab.engine.versions import describe, versions
from lab.run_files import Record
from lab.runs import RunStore
from lab.storage import examples_folder, runs_folder
from models.base import Family, family
from models.configs import CONFIGS, Config
from models.presets import FAILURES, PRESETS


def train_here(config: Config, *, keep: bool, store: RunStore | None = None) -> dict[str, Any]:
    """Train one run to its end with a progress bar; return its settings, last metrics, facts and run id.

    keep: store it like a run of the app. Raises ValueError on data that cannot be learned from. A run that cannot be
    stored is returned all the same; its message says so.
    """
    record = run(config)
    if keep:
        try:
            (store or RunStore(runs_folder())).save(record)
        except OSError as error:
            record = replace(record, message=f"{record.message} This run could not be stored: {error}".strip())
    return {
        "run_id": record.run_id, "family": record.family, "config": record.config, "metrics": record.metrics[-1],
        "status": record.status, "message": record.message,
        "history": record.metrics, "facts": record.facts, "device": record.device, "versions": record.versions,
        "seconds": record.seconds, "created": record.created,
    }  # fmt: skip


def run(config: Config) -> Record:
    """Return the record of a complete run, the same as the engine's for the same settings."""
    module: Family = family(config.family)
    data, model = build_network(module, config)
    rows: dict[int, dict[str, Any]] = {}  # by step: the untrained network is reported twice
    failure, views = "", {SCENE_STEP: dict(module.scene(config, data))}
    total = module.total_steps(config, data)
    with tqdm(total=total, unit="step", desc=config.family) as bar:
        for snapshot in module.train(config, data, model):
            metrics = {name: float(value) for name, value in snapshot.metrics.items()}
            shared = {"step": snapshot.step, "epoch": float(snapshot.epoch), "seconds": float(snapshot.seconds)}
            rows[snapshot.step] = {**shared, **metrics}
            views[snapshot.step] = snapshot.view.arrays()
            bar.update(snapshot.step - bar.n)
            bar.set_postfix({name: f"{value:.4g}" for name, value in metrics.items() if name.startswith("test")})
            if failure := diverged(snapshot, float(getattr(config, "learning_rate", 0.0))):
                break
    facts = facts_of(module, config, data, model)
    facts["baselines"] = [asdict(baseline) for baseline in module.baselines(config, data)]
    return Record(
        run_id=new_run_id(config.family), family=config.family, config=config.model_dump(mode="json"),
        digest=config.digest(), created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=rows[snapshot.step]["seconds"],
        device=describe(describe_device()), versions=versions(), facts=facts, metrics=list(rows.values()),
        views=list(views.items()), weights=model.get_weights(), status="failed" if failure else "finished",
        message=failure or last_words(snapshot.step, total),
    )  # fmt: skip


def train_examples(families: Sequence[str] = ()) -> None:
    """Train every preset, failure and repair of the families and store them in `examples/`, replacing the old ones."""
    store = RunStore(examples_folder(), max_runs=10_000, max_bytes=10_000_000_000)
    for name in families or CONFIGS:
        wanted = [preset.settings for preset in PRESETS.get(name, ())]
        for failure in FAILURES.get(name, ()):
            wanted += [failure.settings, {**failure.settings, **failure.repair}]
        configs = {config.digest(): config for config in (CONFIGS[name](**settings) for settings in wanted)}
        for old in store.list(name):
            store.delete(old.run_id)
        for config in configs.values():
            store.save(thinned(run(config)))


def thinned(record: Record) -> Record:
    """Leave out every other picture but the first and the last, since what is shipped should be small."""
    scene, *pictures = record.views
    kept = [*pictures[:-1:2], pictures[-1]]
    return replace(record, views=[scene, *kept])
