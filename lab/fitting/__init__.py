"""Fit my data: every family side by side on one table, in a process of its own, and which network fits which data.

Reading order: `request` (what is asked), `roster` (who takes part), `table` (the data and its folds), `race` (the
process that trains, with `baselines` and `scores`), `live` (the process seen from the web), `board` (the leaderboard),
`takeaway` (what one can carry home), and `advice` (which network fits, from the measured matrix).
"""
