"""Exercises of every page: questions whose answers the page itself shows. Pure data, a file for each family."""

from types import ModuleType

from lab.exercises import (
    autoencoder,
    backpropagation,
    cnn,
    gan,
    gradient_flow,
    lstm_gru,
    mlp,
    modular,
    rbf,
    rnn,
    som,
    transformer,
)
from lab.exercises.exercise import Exercise

_FAMILIES: dict[str, ModuleType] = {
    "backpropagation": backpropagation,
    "gradient_flow": gradient_flow,
    "mlp": mlp,
    "cnn": cnn,
    "rnn": rnn,
    "lstm_gru": lstm_gru,
    "autoencoder": autoencoder,
    "rbf": rbf,
    "som": som,
    "modular": modular,
    "gan": gan,
    "transformer": transformer,
}
EXERCISES: dict[str, tuple[Exercise, ...]] = {name: module.EXERCISES for name, module in _FAMILIES.items()}
