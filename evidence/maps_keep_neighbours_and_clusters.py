"""A self-organizing map keeps neighbours together without labels, and its units are useful clusters."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished

CLAIM = Claim(
    number=14,
    statement="A self-organizing map learns without labels, preserves topology, and is useful for clustering.",
    experiment="Map digits on a grid; compare order with a shuffled map and with PCA, and purity with k-means.",
    effects=(
        Effect("order", "Topographic error of the shuffled map minus that of the map", above=0.5),
        Effect("trust", "Trustworthiness of the map minus that of two principal axes", above=0.05),
        Effect("purity", "Purity of the map's units", above=0.8),
        Effect("behind_kmeans", "Purity by which k-means with as many clusters is ahead", above=0.0, limit=True),
    ),
    pages=("som",),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return errors of order, trustworthiness and purity beside those of a shuffled map, of PCA and of k-means."""
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.manifold import trustworthiness

    from models import som, som_measures

    config, data, model, metrics = finished("som", seed=seed, **({"epochs": 5} if quick else {}))
    prototypes, grid = som_prototypes(model), som.grid_of(config)
    order = np.random.default_rng([seed, 14]).permutation(len(prototypes))
    best, second, _ = som_measures.two_best(data.test_inputs, prototypes[order])
    shuffled = som_measures.order_errors(grid, best, second)[0]
    axes = PCA(2, random_state=0).fit(data.train_inputs).transform(data.test_inputs[:240])
    clusters = KMeans(len(prototypes), random_state=seed, n_init=3).fit(data.train_inputs)
    mapped = som_measures.two_best(data.test_inputs, prototypes)[0]
    purity, of_kmeans = (_purity(one, data.test_targets) for one in (mapped, clusters.predict(data.test_inputs)))
    flat = float(trustworthiness(data.test_inputs[:240], axes, n_neighbors=5))
    return {
        "order": shuffled - metrics["test_te"], "trust": metrics["test_trust"] - flat, "purity": purity,
        "behind_kmeans": of_kmeans - purity, "topographic_error": metrics["test_te"], "shuffled": shuffled,
        "trust_of_map": metrics["test_trust"], "trust_of_axes": flat,
    }  # fmt: skip


def som_prototypes(model: Any) -> Any:
    """Return the prototypes of a map: (units, d)."""
    import numpy as np

    weights = max(model.get_weights(), key=np.size)
    return np.asarray(weights)


def _purity(units: Any, classes: Any) -> float:
    """Return the share of examples that belong to the most frequent class of their unit."""
    import numpy as np

    counts = np.zeros((int(units.max()) + 1, int(classes.max()) + 1), int)
    np.add.at(counts, (units, classes.astype(int)), 1)
    return float(counts.max(axis=1).sum() / len(classes))
