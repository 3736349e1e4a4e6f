"""Runs: start, watch, stop, ask. One process per run, so that TensorFlow never enters the web process.

Reading order: `messages` (what crosses the border), `run_process` (one run, seen from inside), `server` (all runs, seen
from outside) with its parts `admission`, `listening`, `ending`, `questions`, `watch`, and `client` (how the app talks
to the server).
"""
