"""The contestant on PyTorch: eager mode, as its tutorials show it, with the fused Adam."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.training_problems import BLOCKS, HEADS, LENGTH, VOCABULARY, WIDTH, Problem, Weights

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "binary": functional.binary_cross_entropy_with_logits,
    "categorical": lambda logits, labels: functional.cross_entropy(logits.flatten(0, -2), labels.flatten()),
    "squared": functional.mse_loss,
}


class Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.output = nn.LSTM(2, 32, batch_first=True), nn.Linear(32, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.output(self.lstm(features)[1][0][0])


class Rnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.output = nn.RNN(2, 32, batch_first=True), nn.Linear(32, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.output(self.rnn(features)[1][0])


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.query_key_value, self.mix = (
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 3 * WIDTH),
            nn.Linear(WIDTH, WIDTH),
        )
        self.norm_2, self.widen, self.narrow = (
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 4 * WIDTH),
            nn.Linear(4 * WIDTH, WIDTH),
        )

    def forward(self, stream: Tensor) -> Tensor:
        split = self.query_key_value(self.norm_1(stream)).unflatten(-1, (3, HEADS, WIDTH // HEADS))
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind()  # each (batch, heads, length, size)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        stream = stream + self.mix(mixed.transpose(1, 2).flatten(2))
        return stream + self.narrow(functional.relu(self.widen(self.norm_2(stream))))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Parameter(torch.zeros(LENGTH, WIDTH))
        self.blocks = nn.Sequential(*[Block() for _ in range(BLOCKS)])
        self.norm, self.logits = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.logits(self.norm(self.blocks(self.tokens(tokens) + self.positions)))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))


def cnn() -> nn.Module:
    convolutions = (
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
    )
    return nn.Sequential(*convolutions, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, 10))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "mlp": mlp, "cnn": cnn, "rnn": Rnn, "lstm": Lstm, "transformer": Transformer,
}  # fmt: skip


def load(model: nn.Module, weights: Weights) -> None:
    """Copy weights stored the Keras way, (inputs, outputs), into PyTorch's (outputs, inputs)."""
    values = list(weights.values())
    if isinstance(model, Lstm | Rnn):  # PyTorch keeps a second bias, which only adds to the first
        values.insert(3, values[2] * 0)
    if isinstance(model, Transformer):  # a module's own parameters come before those of its parts
        values[0], values[1] = values[1], values[0]
    embeddings = {"positions", "tokens.weight"}
    with torch.no_grad():
        for (name, parameter), value in zip(model.named_parameters(), values, strict=True):
            tensor = torch.tensor(value)
            if tensor.ndim == 4:
                tensor = tensor.permute(3, 2, 0, 1)
            elif tensor.ndim == 2 and name not in embeddings:
                tensor = tensor.T
            parameter.copy_(tensor)


class Eager:
    """One step after the other, dispatched by Python."""

    def __init__(self, problem: Problem) -> None:
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        self.problem, self.model = problem, MODELS[problem.name]()
        load(self.model, problem.weights)
        features, targets = torch.tensor(problem.features), torch.tensor(problem.targets)
        self.features = features.permute(0, 3, 1, 2).contiguous() if features.ndim == 4 else features
        self.targets = targets.long() if problem.loss == "categorical" else targets
        self.optimizer = torch.optim.Adam(self.model.parameters(), problem.learning_rate, fused=True)

    def train(self, epochs: int) -> None:
        loss_of = LOSSES[self.problem.loss]
        for _ in range(epochs):
            for batch in torch.randperm(len(self.targets)).split(self.problem.batch_size):
                self.optimizer.zero_grad()
                loss_of(self.model(self.features[batch]), self.targets[batch]).backward()
                self.optimizer.step()

    def loss(self) -> float:
        """Return the mean loss over all examples."""
        with torch.no_grad():
            return float(LOSSES[self.problem.loss](self.model(self.features), self.targets))


CONTESTANTS = {"PyTorch": Eager}
