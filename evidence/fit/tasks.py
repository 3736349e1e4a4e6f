"""The rows of the matrix: what is asked, in which measure, and with how much of everything. Pure data."""

from dataclasses import dataclass

GROUPS = (
    "Tables", "Images", "Curves", "Series", "Text", "Short memory", "Long memory", "Counting",
    "Noise", "Structure", "Generation",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One row. metric: what its scores are; digits: after the point; unit: behind a score, "" for none.

    parameters, seconds: what every family gets, the latter of training by the processor's clock for each run.
    chance: what `chance` of a measured cell means; far: a row on which a budget may end before anything is learned, so
    that a score within reach of chance is called "not reached in this budget".
    """

    name: str
    title: str
    group: str
    metric: str
    what: str
    chance: str
    higher_is_better: bool = True
    digits: int = 3
    unit: str = ""
    parameters: int = 3000
    seconds: float = 1.5
    far: bool = False


R2, SHARE, ERROR = "R²", "share right", "mean squared error"
MEAN, GUESS, KEPT = "always the mean", "always the most frequent class", "the last value again"
ADDED = "Numbers pass by, two of them are marked: say their sum at the end. {} numbers."


def _adding(length: int, group: str, *, far: bool, seconds: float) -> Task:
    return Task(f"adding_{length}" if far else "short_sequence", f"Adding problem, T = {length}", group, ERROR,
                ADDED.format(length), "always 1, the mean of the sums", False, 4, far=far, seconds=seconds)  # fmt: skip


TASKS: tuple[Task, ...] = (
    Task("breast_cancer", "Breast tumours", "Tables", SHARE, "30 measurements of cells: benign or malignant?", GUESS),
    Task("wine", "Wines", "Tables", SHARE, "13 chemical measurements: which of three cultivars?", GUESS),
    Task("diabetes", "Diabetes progression", "Tables", R2, "Ten measurements: how far is the disease in a year?", MEAN),
    Task("digits", "Digits", "Images", SHARE, "8 x 8 grey values: which digit?", GUESS),
    Task("shifted_digits", "Digits, moved", "Images", SHARE,
         "Learned in the middle of 12 x 12 pixels, asked two pixels off.", GUESS),
    Task("permuted_digits", "Digits, pixels shuffled", "Images", SHARE,
         "The same fixed shuffle of the pixels of all images: no neighbourhood is left.", GUESS),
    Task("interpolation_1d", "Smooth curve, 1 input", "Curves", R2, "40 points of a sine: what lies between?",
         MEAN),
    Task("interpolation_2d", "Smooth surface, 2 inputs", "Curves", R2,
         "200 points of a wave over the plane: what lies between?", MEAN),
    Task("interpolation_8d", "Smooth wave, 8 inputs", "Curves", R2,
         "1,000 points of a wave in eight dimensions: what lies between?", MEAN),
    Task("sunspots", "Sunspots", "Series", "error, spots", "24 years are known: the next year's sunspots?", KEPT,
         False, 1),
    Task("co2", "Carbon dioxide", "Series", "error, ppm", "24 months are known: the next month's carbon dioxide?",
         KEPT, False, 3),
    Task("topics", "Topic of a passage", "Text", SHARE,
         "100 characters of Python's help: out of which of eight chapters?", GUESS, parameters=10_000),
    Task("next_character", "Next character", "Text", "nats a character",
         "31 characters of Python's help: which comes next?", "how often each character occurs", False, 3,
         parameters=10_000, seconds=3.0),
    _adding(10, "Short memory", far=False, seconds=1.5),
    _adding(20, "Long memory", far=True, seconds=3.0),
    _adding(50, "Long memory", far=True, seconds=3.0),
    _adding(100, "Long memory", far=True, seconds=3.0),
    Task("induction", "Induction", "Long memory", SHARE,
         "A random run of 8 to 16 letters repeats; its length is drawn anew for each sequence. Which letter is next?",
         "a letter of the run, any", far=True, parameters=10_000, seconds=3.0),
    Task("recall", "Associative recall", "Long memory", SHARE,
         "Six pairs of letters, then the first letter of one of them: what stood beside it?",
         "a letter of the pairs, any", far=True, parameters=10_000, seconds=3.0),
    Task("parity", "Parity, 16 bits", "Counting", SHARE,
         "Is the number of ones so far odd? Asked at each bit, scored at the last.", "a coin", far=True, seconds=3.0),
    Task("parity_longer", "Parity, twice as long", "Counting", SHARE,
         "Learned with 16 bits, asked with 32.", "a coin", far=True, seconds=3.0),
    Task("denoising", "Digits without noise", "Noise", "decibels",
         "Digits under noise of 0.3: what was there before?", "the noisy image itself", True, 2),
    Task("anomaly", "Malignant among benign", "Noise", "area under the ROC curve",
         "Only benign tumours are learned: which ones in the test are of another kind?", "a coin"),
    Task("clustering", "Ten groups of digits", "Structure", "adjusted mutual information",
         "Divide digits into ten groups without labels: how far do they agree with the digits?", "groups at random"),
    Task("visualization", "Digits on a plane", "Structure", "trustworthiness",
         "Two numbers for each image: are neighbours on the plane neighbours among the images?", "places at random"),
    Task("density_2d", "Eight spots in the plane", "Generation", "F of precision and recall",
         "Draw points like those of a ring of eight spots.", "nothing that looks like the data"),
    Task("generated_digits", "Draw digits", "Generation", "F of precision and recall",
         "Draw images like the digits.", "nothing that looks like the data", seconds=3.0, parameters=10_000),
    Task("generated_text", "Write text", "Generation", "divergence, nats",
         "Write text: how far are its runs of three characters from those of the help, by Jensen and Shannon?",
         "characters by how often they occur", False, 3, parameters=10_000, seconds=3.0),
)  # fmt: skip
TASK = {task.name: task for task in TASKS}

LAGS = (5, 10, 20, 50, 100, 200)
ROWS_AT_LAG = {20: "adding_20", 50: "adding_50", 100: "adding_100"}  # lags at which the matrix has the adding problem


def _at_lag(name: str, lag: int) -> Task:
    kept = "The first of eight letters is asked for after {} others."
    if name == "adding":
        return Task(f"adding_{lag}", f"Adding problem, T = {lag}", "Long memory", ERROR, ADDED.format(lag),
                    "always 1, the mean of the sums", False, 4, far=True, seconds=LAG_SECONDS)  # fmt: skip
    return Task(f"first_letter_{lag}", f"First letter, {lag} back", "Long memory", SHARE, kept.format(lag),
                "one of eight", far=True, seconds=LAG_SECONDS)  # fmt: skip


LAG_SECONDS = 3.0
LAG_TASKS = ("adding", "first_letter")
ROWS = {f"lag:{name}_{lag}": _at_lag(name, lag) for name in LAG_TASKS for lag in LAGS} | TASK
