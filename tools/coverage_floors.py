"""Check coverage.json (``pytest --cov --cov-report=json``) against a floor for each layer."""

import json
import sys
from collections import defaultdict
from pathlib import Path

FLOORS = {
    "app/settings.py": 90,
    "app/domain": 90,
    "app/application": 90,
    "app/infrastructure": 75,
    "app/api": 85,
}
"""Percent of lines that tests run, by the start of the path."""


def coverage_by_layer(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> dict[str, float]:
    """Percent of statements run in each layer of ``FLOORS``."""
    run: defaultdict[str, int] = defaultdict(int)
    total: defaultdict[str, int] = defaultdict(int)
    for path, entry in report["files"].items():
        for layer in FLOORS:
            if Path(path).as_posix().startswith(layer):
                run[layer] += entry["summary"]["covered_lines"]
                total[layer] += entry["summary"]["num_statements"]
    return {layer: 100 * run[layer] / total[layer] if total[layer] else 0.0 for layer in FLOORS}


def main() -> int:
    """Print each layer's coverage; 1 if one is below its floor."""
    found = coverage_by_layer(json.loads(Path("coverage.json").read_text(encoding="utf-8")))
    for layer, percent in found.items():
        verdict = "ok" if percent >= FLOORS[layer] else "BELOW THE FLOOR"
        sys.stdout.write(f"{layer:<22} {percent:5.1f} %  (floor {FLOORS[layer]} %)  {verdict}\n")
    return int(any(percent < FLOORS[layer] for layer, percent in found.items()))


if __name__ == "__main__":
    sys.exit(main())
