"""Evidence: every claim of the app, with the experiment that proves it, or does not."""

from lab.lessons.evidence import ledger, open_ledger

open_ledger(
    "Evidence",
    "Every claim of this app, with the experiment that measures it. The verdict follows from the numbers by a rule.",
)
ledger()
