"""Ledger and matrix over a Dask cluster: the same numbers as on one machine, each piece stored as it ends."""

from pathlib import Path

import pytest

from evidence import architecture_fit
from evidence.fit import stored
from evidence.fit.measuring import measure_cell
from evidence.ledger.measuring import measure_all, one_row
from evidence.ledger.stored import read

NAME = "a_layer_is_a_weighted_sum_and_a_bend"


@pytest.mark.slow
def test_a_cluster_measures_what_one_process_measures(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        steps = list(measure_all([NAME], seeds=3, scheduler=address, folder=tmp_path))
    assert sorted(steps) == [(NAME, seed, "") for seed in range(3)]
    rows = {row["seed"]: row for row in read(NAME, tmp_path).rows}
    alone = one_row(NAME, 2, False)
    keys = [key for key, value in alone.items() if isinstance(value, float) and key != "seconds"]
    assert keys
    assert [rows[2][key] for key in keys] == pytest.approx([alone[key] for key in keys], rel=1e-6)


@pytest.mark.slow
def test_a_cluster_fills_cells_of_the_matrix(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    into, wanted = tmp_path / "matrix.json", ["wine/baseline", "wine/rbf", "wine/mlp"]
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        arguments = [*wanted, "--seeds", "2", "--into", str(into), "--scheduler", cluster.scheduler_address]
        assert architecture_fit.main(arguments) == 0
    cells = stored.trained(stored.read(into))
    assert sorted("/".join(key) for key in cells) == sorted(wanted)
    alone = measure_cell("wine", "rbf", seeds=2)
    assert cells["wine", "rbf"]["scores"] == pytest.approx([run["score"] for run in alone["runs"]])
    assert cells["wine", "mlp"]["mean"] > 0.8
