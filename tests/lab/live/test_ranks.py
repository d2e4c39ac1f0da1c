import subprocess
import sys
from pathlib import Path

import pytest

from omnilive_lab.live.batches import parts_of
from omnilive_lab.live.ranks import Ranks
from tests.lab.live.test_train import CONFIG, lines, run

ROOT = Path(__file__).parents[3]


def test_ranks_share_a_batch_and_take_equally_many_parts():
    lengths, chosen = [9, 30, 12, 25, 7], [3, 0, 4, 1, 2]
    shares = [Ranks(rank, 3).own(chosen, lengths, 30) for rank in range(3)]
    assert sorted(i for share in shares for part in share for i in part) == [0, 1, 2, 3, 4]
    assert len({len(share) for share in shares}) == 1
    assert Ranks().own(chosen, lengths, 30) == parts_of(chosen, lengths, 30)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_and_either_can_go_on(tmp_path: Path):
    config = CONFIG.model_copy(update={"batch": 5, "batch_tok": 40})
    alone = run(tmp_path / "alone", config)
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "tests.lab.live.two_ranks", str(tmp_path / "two"), "12",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    both = lines(tmp_path / "two")
    for a, b in zip(alone, both, strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=1e-3)
        assert b["norm"] == pytest.approx(a["norm"], rel=1e-3)
    again = run(tmp_path / "two", config, resume=True)  # the state of two is one's as well
    assert again == both
