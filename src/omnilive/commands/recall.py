"""`omnilive ask`, `search` and `timeline`: a stored session, also while it is being written."""

import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnilive.commands.options import ConfigFile, Json, Recipe, SessionName, Sets, settings
from omnilive.commands.output import remark, say, say_json
from omnilive.commands.stored import open_store, stored
from omnilive.commands.words import answer_lines, event_line, evidence_line, moment_line
from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive.memory.store import Store

_PAGE = 500


def ask(
    session: SessionName,
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    at: Annotated[
        float | None,
        typer.Option(
            "--at",
            metavar="SECONDS",
            min=0.0,
            help="Answer from what was known at that stream time (default: all).",
        ),
    ] = None,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Answer a question from a stored session, with the evidence for it.

    \b
    Example:
      omnilive ask kitchen "When did the cat come in?"
    """
    question = _not_empty(question, "question")
    if at is not None and not at < float("inf"):
        raise ConfigError(f"--at {at} is no stream time: give seconds from the start")
    chosen = settings(recipe, set, config).config
    store = open_store(session, chosen)

    import asyncio

    from omnilive.memory.answers import log_answer
    from omnilive.reasoning.mind import Mind

    mind = Mind(chosen)
    try:
        answer = asyncio.run(mind.answer(store, session, question, at))
        log_answer(store, answer)
    finally:
        mind.close()
        store.close()
    if json:
        say_json(answer.as_json())
        return
    for line in answer_lines(answer.as_json(), store.folder):
        say(line)


def search(
    session: SessionName,
    query: Annotated[str, typer.Argument(metavar="QUERY")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show at most.")] = 20,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Find what bears on some words in a stored session, best first.

    \b
    Example:
      omnilive search kitchen "red cup" --limit 5
    """
    query = _not_empty(query, "query")
    chosen = settings(recipe, set, config).config
    store = open_store(session, chosen)

    from omnilive.reasoning.mind import Mind

    mind = Mind(chosen)
    try:
        found = mind.search(store, query, limit)
    finally:
        mind.close()
        store.close()
    for item in found:
        if json:
            say_json({"type": "hit", **item.as_json(), "score": round(item.score, 4)})
        else:
            say(evidence_line(item.as_json(), store.folder))
    if not found:
        remark("nothing found")


def timeline(
    session: SessionName,
    all: Annotated[
        bool, typer.Option("--all", help="Every line of the log, not only moments and gaps.")
    ] = False,
    json: Json = False,
    set: Sets = None,
) -> None:
    """Print what happened in a stored session, moment by moment.

    \b
    Example:
      omnilive timeline kitchen
    """
    store = stored(sets=set).open(session)
    shown = builtins.set[str]()
    try:
        for line in _log(store):
            if not (all or line["type"] in ("moment", "gap")):
                continue
            if json:
                say_json(line)
            elif line["type"] == "moment":
                say(moment_line(line))
            elif line["type"] == "answer":
                for text in answer_lines(line, store.folder):
                    say(text)
            elif text := event_line(line, shown):
                say(text)
    finally:
        store.close()


def _log(store: "Store") -> Iterator[dict[str, Any]]:
    seq = 0
    while page := store.log_after(seq, _PAGE):
        for entry in page:
            t = round(entry.t, 3)
            yield {"seq": entry.seq, "t": t, "type": entry.type, **entry.body}
        seq = page[-1].seq


def _not_empty(text: str, what: str) -> str:
    if not text.strip():
        raise ConfigError(f'the {what} is empty: write some words, such as "what was said?"')
    return text.strip()
