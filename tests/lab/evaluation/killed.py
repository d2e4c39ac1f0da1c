"""Runs the quiz with random guesses, again and again, each time killed in the middle of a write.

python killed.py DATA OUT WRITE...    prints how each run ended; a last one lives
"""

import os
import signal
import sys
from pathlib import Path

from omnilive_lab.bench.base import Setup
from omnilive_lab.bench.quiz import Quiz
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.progress import Meter
from omnilive_lab.evaluation.run import Plan, load_items, run
from omnilive_lab.evaluation.summing import summarise
from omnilive_lab.models.guess import Random


def evaluate(data: Path, out: Path, fatal: int) -> None:
    """Run, and die in the middle of the write of this number."""
    write, count = os.pwrite, 0

    def pwrite(file: int, content: bytes, at: int) -> int:
        nonlocal count
        count += 1
        if count == fatal:
            write(file, content[: len(content) // 2], at)
            os.kill(os.getpid(), signal.SIGKILL)
        return write(file, content, at)

    os.pwrite = pwrite
    quiz = Quiz()
    plan = Plan(benchmark=quiz, data=data, examinee=Random(3), setup=Setup(), out=out, resume=True)
    rows = run(plan, load_items(quiz, data), Meter())
    results.write_json(out / results.SUMMARY, summarise(plan, rows))


def main() -> None:
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    for fatal in [*map(int, sys.argv[3:]), 0]:
        if (child := os.fork()) == 0:  # a process of its own, without loading everything again
            evaluate(data, out, fatal)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
