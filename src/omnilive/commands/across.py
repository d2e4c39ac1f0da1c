"""`omnilive ask` and `search` with --all or --sessions: one question to several sessions."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from omnilive.commands.output import remark, say, say_json
from omnilive.commands.stored import stored
from omnilive.commands.words import answer_lines, evidence_line

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.memory.store import Store

All = Annotated[bool, typer.Option("--all", help="Ask all stored sessions.")]
Several = Annotated[
    str | None, typer.Option("--sessions", metavar="A,B", help="Ask these stored sessions.")
]


def ask_several(config: "SessionConfig", question: str, names: str | None, *, json: bool) -> None:
    """Answer a question from several sessions (None: all); the evidence names them."""
    import asyncio

    from omnilive.core.clock import wall_time
    from omnilive.reasoning.mind import Mind

    mind = Mind(config)
    try:
        with _opened(config, names) as stores:
            answer = asyncio.run(mind.answer_all(stores, question, wall_time()))
            folder = stores[answer.session].folder.parent
    finally:
        mind.close()
    if json:
        say_json(answer.as_json())
        return
    for line in answer_lines(answer.as_json(), folder):
        say(line)


def search_several(
    config: "SessionConfig", query: str, names: str | None, limit: int, *, json: bool
) -> None:
    """Find what bears on some words in several sessions (None: all), best first."""
    from omnilive.core.clock import wall_time
    from omnilive.reasoning.mind import Mind

    mind = Mind(config)
    try:
        with _opened(config, names) as stores:
            found = mind.search_all(stores, query, limit, wall_time())
            folder = next(iter(stores.values())).folder.parent
    finally:
        mind.close()
    for item in found:
        told = item.evidence.as_json()
        if json:
            score, wall_s = round(item.evidence.score, 4), round(item.wall_s, 3)
            say_json({"type": "hit", **told, "wall_s": wall_s, "score": score})
        else:
            say(evidence_line(told, folder))
    if not found:
        remark("nothing found")


@contextmanager
def _opened(config: "SessionConfig", names: str | None) -> "Iterator[dict[str, Store]]":
    from omnilive.core.errors import StoreError
    from omnilive.memory.across import chosen

    library = stored(config)
    wanted = None if names is None else [name.strip() for name in names.split(",") if name.strip()]
    with ExitStack() as stack:
        stores: dict[str, Store] = {}
        for name in chosen(library, wanted):
            try:
                stores[name] = stack.enter_context(closing(library.open(name)))
            except StoreError as error:  # of all, one may be damaged: the others can be asked
                if wanted is not None:
                    raise
                remark(f"omnilive: left out session {name!r}: {error}")
        if not stores:
            raise StoreError("no stored session can be opened")
        yield stores
