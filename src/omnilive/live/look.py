"""What can be said of a checkpoint without loading it: for `omnilive doctor`. Needs no torch."""

from collections.abc import Iterator

from pydantic import ValidationError

from omnilive.catalog.doctor import Check
from omnilive.core.errors import BackendError
from omnilive.live.config import Card
from omnilive.live.load import check_folder
from omnilive.live.settings import LiveConfig


def look_over(config: LiveConfig) -> Iterator[Check]:
    """Look at the folder that the settings name; nothing where there is none."""
    if not config.checkpoint:
        return
    name = "model of live.checkpoint"
    try:
        folder = check_folder(config.checkpoint)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        detail = f"{folder}, {size / 1e6:.1f} MB"
        if (card := folder / "config.json").is_file():
            detail += f", {_told(Card.model_validate_json(card.read_text()))}"
        yield Check(name, True, detail)
    except BackendError as error:
        yield Check(name, False, str(error), "set live.checkpoint to the folder of a live model")
    except (OSError, ValueError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        yield Check(name, False, f"{config.checkpoint}: {reason}", "train or fetch it again")


def _told(card: Card) -> str:
    return (
        f"{card.fps:g} pictures a second of {card.frame.tokens} tokens, "
        f"{card.decoder.layers} layers of width {card.decoder.width}"
    )
