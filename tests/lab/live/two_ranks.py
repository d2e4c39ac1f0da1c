"""Run by torchrun in test_ranks.py: one training run by several processes."""

import sys
from pathlib import Path

import torch

from omnilive_lab.live.train import train
from tests.lab.live.test_train import CONFIG, LESSONS, model

torch.set_num_threads(1)
config = CONFIG.model_copy(update={"batch": 5, "batch_tok": 40})
steps = int(sys.argv[2])
stop_after = {"minutes": 0.0} if steps == 0 else {}
train(model(), LESSONS, config, Path(sys.argv[1]), resume=True, **stop_after)
