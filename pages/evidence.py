"""Evidence: every claim of the app, with the experiment that proves it, or does not."""

from lab.lessons.evidence import commands, ledger, open_ledger, passage

open_ledger(
    "Evidence",
    "Every claim of this app, with the experiment that measures it. The verdict follows from the numbers by a rule.",
)
ledger()
passage(
    "How a verdict comes about",
    "Each experiment is done again with at least ten seeds: other data, other first weights, another order. "
    "Every number that it gives has a bound that was written down with the claim. "
    "A claim **holds** if the 95 % interval of each mean lies beyond its bound. "
    "It **holds with limits** if, besides, a limit was found: the same experiment also looks for where the claim ends. "
    "It **does not hold** if one interval touches its bound, and then it stays in this list all the same.",
)
passage(
    "What the interval means",
    "Other seeds would give other numbers. Student's t says how far the mean of many seeds can be from the mean of "
    "these. The interval covers it 95 times in 100. It says nothing about other data than those of the experiment: "
    "most claims are measured on small sets, because every reader should be able to measure them again.",
)
passage(
    "What a stored number is",
    "A stored result carries its seeds, date, device, versions and the commit of the code. If the code of an "
    "experiment changes, its result is marked as older, and a test fails until it is measured again. "
    "**Run it now** does the quick form on this machine: fewer seeds, and shorter trainings where they are long.",
)
commands(
    "Measure everything again",
    "The same ledger without a browser. A measurement that was broken off goes on where it stopped.",
    [
        "python -m evidence",
        "python -m evidence one-step-lowers-the-loss --seeds 20",
        "python -m evidence all --workers 2",
        "python -m evidence all --scheduler tcp://127.0.0.1:8786",
    ],
)
