"""What a visitor asks for: which table, which column, how long, how many folds."""

import json
from dataclasses import asdict, dataclass

BUDGETS = (20, 60, 120, 300)  # seconds
FOLDS = (3, 5, 10)


@dataclass(frozen=True)
class Request:
    """One race. dataset: a bundled table, or "own" with the digest of an upload and its column to predict.

    seconds: for training and testing; folds: of the cross-validation; seed: fixes folds, first weights and orders.
    refit: "" for a race; otherwise only this network is trained, on all rows, for `steps` steps.
    """

    dataset: str = "breast_cancer"
    upload: str = ""
    target: str = ""
    seconds: float = 60.0
    folds: int = 5
    seed: int = 0
    refit: str = ""
    steps: int = 0

    def __post_init__(self) -> None:
        """Hold the limits again on the server: a browser's widgets are no guard."""
        if not 2 <= self.folds <= max(FOLDS):
            raise ValueError(f"The number of folds must lie from 2 to {max(FOLDS)}.")
        if not 0 < self.seconds <= max(BUDGETS):
            raise ValueError(f"The time budget must be at most {max(BUDGETS)} seconds.")
        if not 0 <= self.seed < 2**31:
            raise ValueError("The seed must be a whole number from 0 on.")

    def to_json(self) -> str:
        """Return the request as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """Read a request. Raises ValueError or TypeError where it is none."""
        return cls(**json.loads(text))
