"""Short runs of every family, trained by the project, each with its file and its notebook.

python -m tests.lab.take_home_runs FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

SHORT: dict[str, dict[str, Any]] = {
    "backpropagation": {"epochs": 2},
    "gradient_flow": {"depth": 3, "epochs": 1},
    "mlp": {"units": 8, "epochs": 2, "activation": "tanh", "seed": 3},
    "cnn": {"epochs": 1, "filters": 4, "blocks": 1, "seed": 1},
    "rnn": {"epochs": 1, "samples": 400, "lag": 6, "units": 8},
    "lstm_gru": {"epochs": 1, "samples": 400, "lag": 6, "units": 8},
    "autoencoder": {"epochs": 1, "units": 16},
    "gan": {"steps": 20, "units": 16, "discriminator_units": 16},
    "rbf": {"units": 4},
    "som": {"epochs": 1, "rows": 4, "columns": 4},
    "modular": {"epochs": 2, "members": 2},
    "transformer": {"steps": 10, "width": 16, "examples": 200, "batch_size": 16},
}


def main(folder: Path) -> None:
    """Train, and write the last row of numbers, the file and the notebook of each family."""
    from lab.direct import run
    from lab.engine.run_process import prepare_process
    from lab.engine.settings import Settings
    from lab.run_files import json_values
    from lab.shown_run import ShownRun
    from lab.take_home.notebook import notebook
    from lab.take_home.recipe import recipe
    from lab.take_home.script import script
    from models.configs import CONFIGS

    prepare_process(Settings.from_environment().threads)
    for family, settings in SHORT.items():
        record = run(CONFIGS[family](**settings))
        made = recipe(ShownRun.from_record(record))
        (folder / f"{family}.json").write_text(json.dumps(json_values(record.metrics[-1])))
        (folder / f"{family}.py").write_text(script(made), encoding="utf-8")
        (folder / f"{family}.ipynb").write_text(notebook(made), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
