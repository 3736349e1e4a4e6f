"""Train the small GPT that is shipped, on one core: `python -m lab train-gpt`. It goes on where it was interrupted."""

from pathlib import Path
from time import perf_counter

from tqdm import tqdm

from lab.datasets.documentation import documentation
from models.small_gpt import Recipe, Training, prepared_tokenizer, spread, tokens_of


def train_gpt(work: Path, recipe: Recipe) -> Training:
    """Train to the end with a progress bar. work: the folder of checkpoint and tokenizer, which may hold a beginning."""
    work.mkdir(parents=True, exist_ok=True)
    training, validation = documentation()
    tokenizer = prepared_tokenizer(work, training)
    run = Training(tokens_of(training, tokenizer), spread(tokens_of(validation, tokenizer)), work, recipe=recipe)
    with tqdm(total=recipe.steps, initial=run.step, unit="step", desc="small GPT") as bar:
        for moment in run.run(perf_counter):
            bar.update(moment.step - bar.n)
            bar.set_postfix(train=f"{moment.train_loss:.3f}", validation=f"{moment.validation_loss:.3f}")
    return run
