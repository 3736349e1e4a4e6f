"""Compare this app with what a user would take instead: `python -m benchmarks training`, `transformer` or `browser`."""

import sys
from importlib import import_module

BENCHMARKS = ("training", "transformer", "browser")


def main(arguments: list[str]) -> int:
    """Run the benchmark named first, with the other arguments; import nothing that it does not need."""
    if not arguments or arguments[0] not in BENCHMARKS:
        print(f"usage: python -m benchmarks {'|'.join(BENCHMARKS)} [options]; --help after the name tells them")
        return 2
    return int(import_module(f"benchmarks.{arguments[0]}").main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
