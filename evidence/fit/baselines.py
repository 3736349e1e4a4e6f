"""What methods without a network reach: a few for each kind of task, of which validation chooses one.

They get the same parts of the data as the networks, scikit-learn's defaults where nothing else is said, one thread.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from evidence.fit.problem import Problem
from lab.datasets.dataset import Array
from models.ngram import NGram

Answers = dict[str, Array]
Method = Callable[[Problem, int], Answers]
FEW = 3000  # rows that methods get whose cost grows with the square of the rows
PARTS = ("valid", "test")


def methods(problem: Problem) -> dict[str, Method]:
    """Return the methods that are tried on a problem, by name: (problem, seed) to the answers for valid and test."""
    if problem.name in ("sunspots", "co2"):
        return of_series()
    if problem.name in ("next_character", "generated_text"):
        kind = counted if problem.name == "next_character" else chain
        return {f"{order}-grams": partial(kind, order=order) for order in (3, 5)}
    if problem.goal in ("codes", "anomaly", "draw", "vector"):
        return unlabelled(problem)
    if problem.goal == "number":
        return {name: partial(regressed, method=name) for name in regressors(0, problem)}
    return {name: partial(classified, method=name) for name in classifiers(0, problem)}


# ---- labels and numbers ----


def classifiers(seed: int, problem: Problem) -> dict[str, Any]:
    """Return unfitted methods for classes."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    if "words" in problem.more:
        learners = {"naive Bayes": MultinomialNB(alpha=0.1), "logistic regression": LogisticRegression(C=10.0)}
        return {f"Words and {name}": make_pipeline(TfidfVectorizer(), one) for name, one in learners.items()}
    return {
        "Logistic regression": LogisticRegression(max_iter=300), "3 nearest neighbours": KNeighborsClassifier(3),
        "Support vector machine": SVC(), "Random forest": RandomForestClassifier(100, random_state=seed),
    }  # fmt: skip


def regressors(seed: int, problem: Problem) -> dict[str, Any]:
    """Return unfitted methods for numbers."""
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.svm import SVR

    found = {"Ridge regression": Ridge(), "3 nearest neighbours": KNeighborsRegressor(3), "Support vectors": SVR(),
             "Gradient boosting": GradientBoostingRegressor(random_state=seed)}  # fmt: skip
    if problem.name.startswith("interpolation"):
        kernel = RBF() + WhiteKernel(1e-4, (1e-8, 1.0))
        found["Gaussian process"] = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
    return found


def fitted(problem: Problem, seed: int, method: Any) -> tuple[Any, dict[str, Array]]:
    """Fit a method to the training part; return it and the inputs of the other parts as it reads them."""
    from sklearn.exceptions import ConvergenceWarning

    inputs = problem.more.get("words") or one_hot(problem)
    rows = slice(FEW if type(method).__name__ in ("SVC", "SVR", "GradientBoostingRegressor") else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 300 iterations bound the time; the result is measured
        method.fit(inputs["train"][rows], problem.targets["train"][rows].reshape(-1))
    return method, {part: inputs[part] for part in PARTS}


def one_hot(problem: Problem) -> dict[str, Array]:
    """Return the inputs as lists of numbers; a token is a one among zeros."""
    if problem.form != "tokens":
        return problem.inputs
    return {part: np.eye(problem.vocabulary, dtype=np.float32)[array].reshape(len(array), -1)
            for part, array in problem.inputs.items()}  # fmt: skip


def classified(problem: Problem, seed: int, method: str) -> Answers:
    """Return the answers of a classifier as ones and zeros (n, classes)."""
    flat = problem.flat()
    learned, inputs = fitted(flat, seed, classifiers(seed, problem)[method])
    return {part: np.eye(problem.outputs)[learned.predict(inputs[part])] for part in PARTS}


def regressed(problem: Problem, seed: int, method: str) -> Answers:
    """Return the answers of a regression (n,)."""
    learned, inputs = fitted(problem.flat(), seed, regressors(seed, problem)[method])
    return {part: learned.predict(inputs[part]) for part in PARTS}


# ---- series and text ----


def of_series() -> dict[str, Method]:
    """Return persistence, the season before with drift, and autoregressions."""
    found: dict[str, Method] = {"Last value again": partial(forecast, kind="last"),
                                "Season before, with drift": partial(forecast, kind="season")}  # fmt: skip
    return found | {f"Autoregression of {order}": partial(forecast, kind=str(order)) for order in (2, 9, 13)}


def forecast(problem: Problem, seed: int, kind: str) -> Answers:
    """Return forecasts, scaled as the network's, of the newest fifth of the training part and of the test part."""
    from statsmodels.tsa.ar_model import AutoReg

    data, cut = problem.more["series"], problem.more["cut"]
    values, first = data.series, data.window + data.changes + cut
    places = np.arange(first, len(values))
    if kind == "last":
        found = values[places - 1]
    elif kind == "season":
        found = values[places - data.season] + values[places - 1] - values[places - 1 - data.season]
    else:
        intercept, *weights = AutoReg(values[:first], lags=int(kind)).fit().params
        found = intercept + np.stack([values[places - back] for back in range(1, int(kind) + 1)], 1) @ weights
    scaled = (found - (values[places - 1] if data.changes else 0.0) - data.target_mean) / data.target_scale
    return {"valid": scaled[: data.test_start - first], "test": scaled[data.test_start - first :]}


def counted(problem: Problem, seed: int, order: int) -> Answers:
    """Return log-probabilities of Kneser and Ney's n-grams at the last place, with the true character's in its column.

    The other columns share what is left evenly: only the true one counts in the score.
    """
    tokens, (start, end) = problem.more["tokens"], problem.more["stretches"]["train"]
    model, answers = NGram(tokens[start:end], order, problem.vocabulary), {}
    for part in PARTS:
        rows = np.concatenate([problem.inputs[part], problem.targets[part][:, -1:]], 1)[:, -order:]
        true = rows[:, -1]
        chances = np.array([model.probabilities(row)[-1] for row in rows])
        table = np.repeat(((1 - chances) / (problem.vocabulary - 1))[:, None], problem.vocabulary, 1)
        table[np.arange(len(true)), true] = chances
        answers[part] = np.log(np.maximum(table, 1e-12))
    return answers


def chain(problem: Problem, seed: int, order: int) -> Answers:
    """Return text drawn from what followed the last characters in the training text, the longest run that occurred."""
    from evidence.fit.drawing import WRITERS, WRITTEN

    tokens, (start, end) = problem.more["tokens"], problem.more["stretches"]["train"]
    text, generator = tokens[start:end].tolist(), np.random.default_rng([seed, 31])
    followers: dict[tuple[int, ...], list[int]] = {}
    for length in range(order):
        for place in range(length, len(text)):
            followers.setdefault(tuple(text[place - length : place]), []).append(text[place])
    rows = []
    for lead in problem.more["lead"][:WRITERS].tolist():
        for _ in range(WRITTEN):
            known = next(found for length in range(order - 1, -1, -1)
                         if (found := followers.get(tuple(lead[len(lead) - length :]))))  # fmt: skip
            lead.append(known[generator.integers(len(known))])
        rows.append(lead[-WRITTEN:])
    return dict.fromkeys(PARTS, np.array(rows))


# ---- without labels ----


def unlabelled(problem: Problem) -> dict[str, Method]:
    """Return methods that need no labels."""
    if problem.goal == "vector":
        return {"PCA, 8 axes": partial(projected, axes=8), "PCA, 16 axes": partial(projected, axes=16),
                "Linear filter": filtered}  # fmt: skip
    if problem.goal == "anomaly":
        return {name: partial(strangeness, method=name) for name in ("Isolation forest", "PCA", "Nearest neighbours")}
    if problem.goal == "draw":
        return {
            "Normal mixture": partial(mixture, method="mixture"),
            "Kernel density": partial(mixture, method="kernel"),
        }
    if "groups" in problem.more:
        return {name: partial(groups, method=name) for name in ("k-means", "Normal mixture")}
    return {name: partial(placed, method=name) for name in ("PCA", "Isomap")}


def projected(problem: Problem, seed: int, axes: int) -> Answers:
    """Return inputs rebuilt from the principal axes of the clean training images."""
    from sklearn.decomposition import PCA

    flat, found = problem.flat().inputs, PCA(axes, random_state=seed).fit(problem.targets["train"])
    return {part: found.inverse_transform(found.transform(flat[part])) for part in PARTS}


def filtered(problem: Problem, seed: int) -> Answers:
    """Return what a linear map makes of the noisy image (ridge regression, as Wiener's filter)."""
    from sklearn.linear_model import Ridge

    flat = problem.flat().inputs
    found = Ridge(10.0).fit(flat["train"], problem.targets["train"])
    return {part: found.predict(flat[part]) for part in PARTS}


def strangeness(problem: Problem, seed: int, method: str) -> Answers:
    """Return how strange each example is (n,)."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import NearestNeighbors

    train = problem.inputs["train"]
    if method == "Isolation forest":
        forest = IsolationForest(random_state=seed).fit(train)
        return {part: -forest.score_samples(problem.inputs[part]) for part in PARTS}
    if method == "PCA":
        axes = PCA(problem.code, random_state=seed).fit(train)
        rebuilt = {part: axes.inverse_transform(axes.transform(problem.inputs[part])) for part in PARTS}
        return {part: np.mean((problem.inputs[part] - rebuilt[part]) ** 2, 1) for part in PARTS}
    near = NearestNeighbors(n_neighbors=5).fit(train)
    return {part: near.kneighbors(problem.inputs[part])[0].mean(1) for part in PARTS}


def mixture(problem: Problem, seed: int, method: str) -> Answers:
    """Return samples of a fitted density; the same ones are held against both parts."""
    from sklearn.mixture import GaussianMixture
    from sklearn.neighbors import KernelDensity

    from evidence.fit.drawing import SAMPLES

    rows = problem.more["rows"]["train"]
    images = rows.shape[1] > 2
    if method == "mixture":
        found = GaussianMixture(10 if images else 8, covariance_type="diag" if images else "full", random_state=seed,
                                reg_covar=1e-4, n_init=2).fit(rows).sample(SAMPLES)[0]  # fmt: skip
        found = found[np.random.default_rng(seed).permutation(len(found))]
    else:
        width = float(rows.std(axis=0).mean()) * len(rows) ** (-1.0 / (rows.shape[1] + 4))  # Scott's rule
        found = KernelDensity(bandwidth=width).fit(rows).sample(SAMPLES, random_state=seed)
    return dict.fromkeys(PARTS, np.clip(found, 0, 1) if images else found)


def groups(problem: Problem, seed: int, method: str) -> Answers:
    """Return the group of each example (n,)."""
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    flat, count = problem.flat().inputs, problem.more["groups"]
    if method == "k-means":
        found = KMeans(count, n_init=4, random_state=seed).fit(flat["train"])
    else:
        found = GaussianMixture(count, covariance_type="diag", random_state=seed, reg_covar=1e-2).fit(flat["train"])
    return {part: found.predict(flat[part]) for part in PARTS}


def placed(problem: Problem, seed: int, method: str) -> Answers:
    """Return a place on the plane for each example (n, 2)."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import Isomap

    flat = problem.flat().inputs
    found = (PCA(2, random_state=seed) if method == "PCA" else Isomap(n_neighbors=10)).fit(flat["train"])
    return {part: found.transform(flat[part]) for part in PARTS}
