"""The coverage check fails when a layer falls below its floor."""

import pytest

from tools.coverage_floors import FLOORS, coverage_by_layer

pytestmark = pytest.mark.unit


def test_layers_are_summed_over_their_files() -> None:
    report = {
        "files": {
            "app/domain/a.py": {"summary": {"covered_lines": 9, "num_statements": 10}},
            "app/domain/b/c.py": {"summary": {"covered_lines": 3, "num_statements": 10}},
            "app/main.py": {"summary": {"covered_lines": 0, "num_statements": 10}},
        }
    }
    assert coverage_by_layer(report)["app/domain"] == 60.0


def test_a_layer_without_files_counts_as_uncovered() -> None:
    assert set(coverage_by_layer({"files": {}}).values()) == {0.0}
    assert all(floor >= 75 for floor in FLOORS.values())
