"""`omnilive train live-tiny` and `omnilive train live`: train a streaming video language model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from omnilive.commands.output import remark
from omnilive.core.errors import BackendError
from omnilive_lab.commands.bar import Bar

if TYPE_CHECKING:
    from omnilive_lab.live.recipe import TinyConfig

ObjectiveOption = Annotated[
    Literal["streaming", "interleaved", "per-frame"],
    typer.Option("--objective", help="What is learned of a dialogue."),
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of everything.")]
MinutesOption = Annotated[
    float,
    typer.Option("--minutes", metavar="M", min=0, help="Stop each run after so long."),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on with the run in --out, if there is one.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting, as train.steps=200."),
]


def live_tiny(
    objective: ObjectiveOption = "streaming",
    seed: SeedOption = 0,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="World, encoder and runs go here.")
    ] = Path("live-tiny"),
    ablation: Annotated[
        bool,
        typer.Option("--ablation", help="All objectives and none, compared on held-out streams."),
    ] = False,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="Of the ablation: from 0 on.")
    ] = 3,
    minutes: MinutesOption = 20.0,
    resume: ResumeOption = False,
    set: SetOption = None,
) -> None:
    """Train a streaming video language model of under a million weights, from nothing, on a CPU.

    Makes a synthetic world of videos, pre-trains an image encoder and a decoder on single frames
    of it, then trains on its dialogues. Writes DIR/seed-N/OBJECTIVE, which `--set
    live.checkpoint=` takes. With --ablation: every objective and seed, evaluated on held-out
    streams, as tables in DIR/ablation.md and DIR/ablation.html; what is there already is kept, so
    that an interrupted ablation goes on. Needs the extra: pip install 'omnilive[torch]'.

    \b
    Example:
      omnilive train live-tiny
      omnilive train live-tiny --ablation
    """
    try:
        from omnilive_lab.live.ablation import run_ablation
        from omnilive_lab.live.recipe import make_tiny
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    config = _tiny_config(objective, seed, set or [])
    if ablation:
        with Bar() as bar:
            text = run_ablation(config, range(seeds), out, bar, minutes)
        typer.echo(text, nl=False)
        return
    folder = out / f"seed-{seed}" / objective
    with Bar() as bar:
        done = make_tiny(config, folder, out, bar, resume=resume, minutes=minutes)
    _say(done, folder, minutes)


def live(
    data: Annotated[Path, typer.Argument(metavar="FILE", help="Samples as JSON lines.")],
    language: Annotated[
        Path, typer.Option("--language", metavar="DIR", help="A Llama or Qwen from Hugging Face.")
    ],
    vision: Annotated[
        Path, typer.Option("--vision", metavar="DIR", help="A SigLIP, CLIP or timm model.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The run.")] = Path("live"),
    objective: ObjectiveOption = "streaming",
    seed: SeedOption = 0,
    minutes: MinutesOption = 1e6,
    resume: ResumeOption = False,
    set: SetOption = None,
) -> None:
    """Train a streaming video language model on dialogues about videos of your own.

    FILE is what `omnilive train data convert` writes. The language model is trained by LoRA
    (--set train.lora_rank=0 trains all of it), the image encoder is left as it is: its features
    are made once. Writes a checkpoint that `--set live.checkpoint=DIR` takes. On several GPUs
    start it with torchrun. Needs the extra: pip install 'omnilive[torch]'.

    \b
    Example:
      omnilive train live coin.jsonl --language SmolLM2-135M --vision siglip-base --out coin
    """
    try:
        from omnilive_lab.live.finetune import FinetuneConfig, finetune
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    from omnilive_lab.settings import changed

    sets = [f"train.seed={seed}", f"train.objective={objective}", *(set or [])]
    config = changed(FinetuneConfig(), sets)
    with Bar() as bar:
        done = finetune(
            data, language, vision, config, out, bar, resume=resume, minutes=minutes
        )  # fmt: skip
    _say(done, out, minutes)


def _tiny_config(objective: str, seed: int, sets: list[str]) -> "TinyConfig":
    from omnilive_lab.live.recipe import TinyConfig
    from omnilive_lab.settings import changed

    return changed(TinyConfig(), [f"train.seed={seed}", f"train.objective={objective}", *sets])


def _say(done: bool, folder: Path, minutes: float) -> None:
    if done:
        remark(f"done: {folder}; use it with --set live.checkpoint={folder}")
    else:
        remark(f"stopped after {minutes:g} minutes; the same command with --resume goes on")


def _missing(error: ModuleNotFoundError) -> BackendError:
    return BackendError(f"training needs {error.name}: pip install 'omnilive[torch]'")
