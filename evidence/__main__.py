"""Measure again what the app claims.

python -m evidence                        lists the claims with their verdicts, and the larger experiments
python -m evidence NAME                   measures one, going on where it stopped; with --again from the start
python -m evidence all                    measures all claims (large experiments: by their names)
"""

import argparse
import ast
import json
import os
import sys
from importlib import import_module

from tqdm import tqdm

from evidence.ledger.claim import FOLDER, Claim, Found, claim_names, claim_of, found, source_digest, verdict
from evidence.ledger.measuring import measure_all, one_row, pieces
from evidence.ledger.stored import read, write


def experiments() -> dict[str, str]:
    """Return the experiments behind several pictures at once: name and the first line of the file."""
    texts = {
        file.stem: ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "" for file in FOLDER.glob("[a-z]*.py")
    }
    claims = claim_names()
    return {name: text.partition("\n")[0] for name, text in sorted(texts.items()) if name not in claims}


def main(arguments: list[str]) -> int:
    """Do what the words say. Returns 2 where they cannot be understood, 1 where a claim's direction was not found."""
    name = arguments[0].replace("-", "_") if arguments else ""
    if name in experiments():
        return int(import_module(f"evidence.{name}").main(arguments[1:]) or 0)
    parser = argparse.ArgumentParser("python -m evidence", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("name", nargs="?", default="", help="a claim, an experiment, or all")
    parser.add_argument("--seeds", type=int, help="how many, instead of the claim's own number")
    parser.add_argument("--quick", action="store_true", help="few seeds in small form; stores nothing")
    parser.add_argument("--json", action="store_true", help="print the rows and the verdict as JSON")
    parser.add_argument("--again", action="store_true", help="measure what is stored already, too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--scheduler", default="", help="address of a Dask scheduler, such as tcp://host:8786")
    wanted = parser.parse_args(arguments)
    known = claim_names()
    if wanted.name not in ("", "all") and name not in known:
        print(f"There is no claim or experiment {wanted.name!r}. `python -m evidence` lists them.")
        return 2
    if not wanted.name:
        return _list()
    names = known if wanted.name == "all" else [name]
    return _quick(names, wanted) if wanted.quick else _full(names, wanted)


def _list() -> int:
    for name in claim_names():
        claim, stored = claim_of(name), read(name)
        state = verdict(stored.results(claim)) + ("" if stored.fresh or not stored.rows else " (of older code)")
        print(f"{claim.number:3d}  {name.replace('_', '-'):44}  {state:18}  {claim.statement}")
    print("\nExperiments behind several pictures:")
    for name, question in experiments().items():
        print(f"     {name.replace('_', '-'):44}  {question}")
    return 0


def _quick(names: list[str], wanted: argparse.Namespace) -> int:
    worst = 0
    for name in names:
        claim = claim_of(name)
        rows = [one_row(name, seed, True) for seed in range(wanted.seeds or claim.quick_seeds)]
        worst = max(worst, _tell(name, claim, rows, wanted.json))
    return worst


def _full(names: list[str], wanted: argparse.Namespace) -> int:
    left, failed = pieces(names, wanted.seeds, again=wanted.again), []
    steps = measure_all(
        names, seeds=wanted.seeds, again=wanted.again, workers=wanted.workers, scheduler=wanted.scheduler
    )
    try:
        for name, seed, error in tqdm(steps, total=len(left), unit="seed", disable=not left):
            if error:
                failed.append(f"{name}, seed {seed}: {error}")
    except ValueError as error:
        print(error)
        return 2
    for name in names:
        if (measured := read(name)).rows:
            write(measured)  # bounds and effects may have changed since
    told = [_tell(name, claim_of(name), read(name).rows, wanted.json) for name in names]
    for line in failed:
        print(line, file=sys.stderr)
    return 2 if failed else max(told, default=0)


def _tell(name: str, claim: Claim, rows: list[dict[str, object]], as_json: bool) -> int:
    """Print what the rows say; return 1 where an effect that carries the claim does not even point its way."""
    results = [found(effect, rows) for effect in claim.effects]
    if as_json:
        effects = [{"effect": one.effect.key, "mean": one.mean, "low": one.low, "high": one.high} for one in results]
        print(json.dumps({"claim": name, "verdict": verdict(results), "effects": effects, "rows": rows,
                          "source": source_digest(name)}))  # fmt: skip
    else:
        print(f"{name.replace('_', '-')}: {_word(claim, rows, results)}. {claim.statement}")
        for one in results:
            bound = f"{'above' if one.effect.above is not None else 'below'} {one.effect.bound:g}"
            kind = "limit: " if one.effect.limit else ""
            print(f"    {kind}{one.effect.says}: {one.mean:.4g} [{one.low:.4g}, {one.high:.4g}], asked {bound}, "
                  f"{one.seeds} seeds")  # fmt: skip
    return int(not all(points(one.effect.above, one.effect.bound, one.mean) for one in results if not one.effect.limit))


def _word(claim: Claim, rows: list[dict[str, object]], results: list[Found]) -> str:
    """Return the verdict, or, where the seeds are too few for one, whether all carrying effects point their way."""
    if len(rows) >= claim.seeds:
        return verdict(results)
    carrying = [one for one in results if not one.effect.limit]
    right = all(points(one.effect.above, one.effect.bound, one.mean) for one in carrying)
    return f"points {'its' if right else 'another'} way after {len(rows)} of {claim.seeds} seeds"


def points(above: float | None, bound: float, mean: float) -> bool:
    """Return whether a mean lies on the right side of its bound."""
    return mean > bound if above is not None else mean < bound


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
