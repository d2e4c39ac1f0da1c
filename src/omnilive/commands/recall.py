"""`omnilive ask`, `search` and `timeline`: a stored session, also while it is being written."""

import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnilive.commands.across import All, Several, ask_several, search_several
from omnilive.commands.options import ConfigFile, Json, Recipe, SessionName, Sets, settings
from omnilive.commands.output import remark, say, say_json
from omnilive.commands.stored import open_store, stored
from omnilive.commands.words import answer_lines, event_line, evidence_line, moment_line
from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive.memory.store import Store

_PAGE = 500
_MOST = 100_000  # moments that are printed at once
Words = Annotated[
    list[str], typer.Argument(metavar="[SESSION] TEXT", help="A stored session, and the words.")
]


def ask(
    words: Words,
    at: Annotated[
        float | None,
        typer.Option(
            "--at",
            metavar="SECONDS",
            min=0.0,
            help="Answer from what was known at that stream time (default: all).",
        ),
    ] = None,
    all: All = False,
    sessions: Several = None,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Answer a question from a stored session, or from several, with the evidence for it.

    \b
    Examples:
      omnilive ask kitchen "When did the cat come in?"
      omnilive ask --all "Where did I leave my keys?"
    """
    name, question = _name_and_text(words, "question", all or sessions is not None)
    if at is not None and not at < float("inf"):
        raise ConfigError(f"--at {at} is no stream time: give seconds from the start")
    chosen = settings(recipe, set, config).config
    if not name:
        if at is not None:
            raise ConfigError("--at is a time of one session: name the session instead")
        ask_several(chosen, question, None if all else sessions, json=json)
        return
    store = open_store(name, chosen)

    import asyncio

    from omnilive.core.clock import wall_time
    from omnilive.memory.answers import log_answer
    from omnilive.memory.wall import now_in
    from omnilive.reasoning.ask import Ask
    from omnilive.reasoning.mind import Mind

    mind = Mind(chosen)
    try:
        now_wall_s = None if at is not None else now_in(store, wall_time())
        asked = Ask(question=question, t=at, now_wall_s=now_wall_s)
        answer = asyncio.run(mind.answer(store, name, asked))
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
    words: Words,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show at most.")] = 20,
    all: All = False,
    sessions: Several = None,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Find what bears on some words in a stored session, or in several, best first.

    The words may say when: "yesterday", "on Tuesday afternoon", "between 2 and 3 pm".

    \b
    Examples:
      omnilive search kitchen "red cup" --limit 5
      omnilive search --sessions kitchen,hall "keys this morning"
    """
    name, query = _name_and_text(words, "query", all or sessions is not None)
    chosen = settings(recipe, set, config).config
    if not name:
        search_several(chosen, query, None if all else sessions, limit, json=json)
        return
    store = open_store(name, chosen)

    from omnilive.core.clock import wall_time
    from omnilive.memory.wall import now_in
    from omnilive.reasoning.mind import Mind

    mind = Mind(chosen)
    try:
        found = mind.search(store, query, limit, None, now_in(store, wall_time()))
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
    when: Annotated[
        str, typer.Argument(metavar="[WHEN]", help='Such as "yesterday" or "between 2 and 3 pm".')
    ] = "",
    all: Annotated[
        bool, typer.Option("--all", help="Every line of the log, not only moments and gaps.")
    ] = False,
    json: Json = False,
    set: Sets = None,
) -> None:
    """Print what happened in a stored session, moment by moment.

    \b
    Examples:
      omnilive timeline kitchen
      omnilive timeline kitchen "on Tuesday afternoon"
    """
    store = stored(sets=set).open(session)
    shown = builtins.set[str]()
    try:
        if when.strip():
            _show_moments(store, when, set, json=json)
            return
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


def _show_moments(store: "Store", when: str, sets: list[str] | None, *, json: bool) -> None:
    """Print the moments of the time that some words mean."""
    from omnilive.core.clock import wall_time
    from omnilive.memory.ledger import moment_body
    from omnilive.memory.plan import times_meant
    from omnilive.memory.wall import WallClock, now_in

    clock = WallClock.of(store, settings(None, sets, None).config.memory.time_zone)
    is_any = False
    for span in times_meant(when, clock, store.end_s(), now_in(store, wall_time())):
        for moment in store.moments(start_s=span.start_s, before_s=span.end_s, limit=_MOST):
            line = {"type": "moment", "t": round(moment.end_s, 3), **moment_body(moment)}
            say_json(line) if json else say(moment_line(line))
            is_any = True
    if not is_any:
        remark("nothing is remembered of that time")


def _name_and_text(words: list[str], what: str, several: bool) -> tuple[str, str]:
    """Return the session ("" for several) and the text that the arguments hold."""
    if several and len(words) != 1:
        raise ConfigError(f"with --all or --sessions give the {what} alone, in quotes")
    if not several and len(words) != 2:
        problem = "Missing argument" if len(words) < 2 else "Too many arguments"
        raise ConfigError(
            f"{problem}: give a session and the {what} in quotes, or --all and the {what}; "
            "`omnilive sessions list` names the sessions"
        )
    return ("" if several else words[0]), _not_empty(words[-1], what)


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
