"""The steps that make a run again, as text: the same lines stand in the file and in the notebook."""

import math
from collections.abc import Mapping
from string import Template
from typing import Any

from lab.take_home.recipe import Recipe

PACKAGES = (
    "tensorflow", "keras", "numpy", "pandas", "scikit-learn", "pydantic", "altair", "vega-datasets", "statsmodels",
)  # fmt: skip

PREPARE = Template("""\
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from models import $family
from models.configs import $settings_class

threads = min($threads, getattr($family, "MOST_THREADS", $threads))  # they decide in which order sums are taken
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, NumPy {np.__version__}")""")

BUILD = Template("""\
config = $settings_class(**SETTINGS)
keras.utils.set_random_seed(config.seed)
data = $family.load(config)
model = $family.build(config, data)
model.summary()""")

TRAIN = Template("""\
$family.scene(config, data)  # the page draws the data before it trains; done here too, so that nothing differs
total, curves = $family.total_steps(config, data), []
for snapshot in $family.train(config, data, model):
    if curves and curves[-1]["step"] == snapshot.step:  # the untrained network comes twice
        curves.pop()
    metrics = {name: float(value) for name, value in snapshot.metrics.items()}
    curves.append({"step": snapshot.step, "epoch": float(snapshot.epoch), **metrics})
    if len(curves) % 10 == 1 or snapshot.step == total:
        print(f"step {snapshot.step:,} of {total:,}:", ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))
    if not all(np.isfinite(value) for name, value in metrics.items() if "loss" in name):
        print(f"The loss left the range of numbers at step {snapshot.step:,}, as it does on the page.")
        break""")  # noqa: E501

COMPARE = """\
here = next((row for row in reversed(curves) if row["step"] == SHOWN["step"]), {})
apart = 0.0
for name, shown in SHOWN.items():
    value = here.get(name, float("nan"))
    same = value == shown or (np.isnan(value) and np.isnan(shown))
    apart = max(apart, 0.0 if same else abs(value - shown) / max(abs(shown), 1e-12))
    verdict = "the same" if same else f"differs by {value - shown:.2g}"
    print(f"{name:24} page {shown:<14.8g} here {value:<14.8g} {verdict}")
if apart == 0:
    print("All numbers are the same to the last digit.")
elif apart < 1e-3:
    print(f"The largest difference is {apart:.1g} of a number: another processor or version rounds differently.")
else:
    print("These numbers are not those of the page. Compare the versions and the settings.")"""

NOTHING_SHOWN = 'print("On the page nothing had trained yet, so there is no number to compare with.")'

DRAW = """\
import altair as alt

losses = [name for name in curves[0] if name.endswith("loss")] or list(curves[0])[2:4]
lines = pd.DataFrame(curves).melt("step", losses, var_name="curve", value_name="value")
alt.Chart(lines, title="How the run went").mark_line().encode(
    x=alt.X("step", title="optimizer step"), y=alt.Y("value", title="loss"), color="curve", strokeDash="curve"
)"""

KEEP = Template("""\
model.save("$family.keras")
pd.DataFrame(curves).to_csv("${family}_curves.csv", index=False)
again = keras.models.load_model("$family.keras")
same = all(np.array_equal(one, other) for one, other in zip(model.get_weights(), again.get_weights(), strict=True))
print("Read back from the file, the network has", "the same weights." if same else "other weights.")""")

OWN_FILE = Template('''\
import base64, os, tempfile
from pathlib import Path

# Your own file, exactly as it was uploaded.
os.environ["ROAD_DATA_DIR"] = tempfile.mkdtemp()
uploads = Path(os.environ["ROAD_DATA_DIR"], "uploads")
uploads.mkdir()
(uploads / "$name").write_bytes(base64.b64decode("""
$text
"""))''')


def filled(template: Template, made: Recipe) -> str:
    """Return a step with the names of a family."""
    return template.substitute(family=made.family, settings_class=made.settings_class, threads=made.threads)


def keep(made: Recipe) -> str:
    """Return the step that writes the network and its curves."""
    return filled(KEEP, made)


def given(made: Recipe) -> str:
    """Return the settings and the numbers of the page as Python."""
    settings = literal("SETTINGS", made.settings, "what differs from the defaults")
    return settings + "\n" + literal("SHOWN", made.shown, "what the page showed")


def literal(name: str, values: Mapping[str, Any], words: str) -> str:
    """Return a dictionary as readable Python; numbers are written so that they come back to the last bit."""
    if not values:
        return f"{name}: dict = {{}}  # {words}"
    rows = "".join(f'    "{key}": {_written(value)},\n' for key, value in values.items())
    return f"{name} = {{  # {words}\n{rows}}}"


def _written(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def packages(made: Recipe) -> str:
    """Return what to install, those that decide the digits in the version that the page ran with."""
    return " ".join(f"{name}=={made.versions[name]}" if name in made.versions else name for name in PACKAGES)


def told(made: Recipe) -> list[str]:
    """Return where the numbers come from, in sentences."""
    where = f" on {made.device}" if made.device else ""
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    how = f" with {versions}" if versions else ""
    lines = [f"The page's numbers were computed{where}{how}."] if made.shown else []
    if made.changed:
        lines.append(
            f"While that run trained, a person changed it ({'; '.join(made.changed)}), so it will differ here."
        )
    kept, files = sum(section.kept for section in made.sections), len(made.sections)
    lines.append(
        f"The code is that of the app, {kept:,} lines of {files} files: every definition stands here as it ran. "
        "What this run does not use is left out."
    )
    return lines
