"""`python -m tests.watcher LIBRARY SESSION CLIP PACE`: watches with fakes, for tests that kill.

Prints "open" once the source is open, and the summary at the end.
"""

import asyncio
import json
import sys
from pathlib import Path

from omnilive.core.errors import OmniLiveError
from omnilive.memory.library import Library
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, fake_senses


async def main(root: str, name: str, clip: str, pace: str) -> None:
    senses = fake_senses()
    async with Session.open(
        name, FAKE_CONFIG, library=Library(Path(root)), senses=senses
    ) as session:
        summary = await session.watch(
            clip,
            pace,  # type: ignore[arg-type]
            on_open=lambda _: print("open", flush=True),
        )
        print(json.dumps(summary), flush=True)
    senses.close()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except OmniLiveError as error:
        sys.exit(f"{type(error).__name__}: {error}")
