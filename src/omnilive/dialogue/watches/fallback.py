"""A language model reads what the rules of the parser could not; its output is checked as strictly.

Only asked where one is set up that may word answers freely. Nothing that it says is stored unless
it is a valid rule about what can be perceived; a failure leaves the parser's own reply.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from omnilive.core.errors import OmniLiveError
from omnilive.dialogue.watches.known import COLOURS, Known
from omnilive.dialogue.watches.outcome import Reply, Understood
from omnilive.dialogue.watches.parse import vet
from omnilive.dialogue.watches.rule import rule_from_json
from omnilive.reasoning.base import Message

logger = logging.getLogger(__name__)
Complete = Callable[[list[Message], int], Awaitable[str]]
ASKED_ABOUT = ("unclear", "unseen")
"""Replies of the parser after which the model is asked: its words were not understood."""
TIMEOUT_S = 15.0
MAX_TOK = 400
MAX_CHARS = 8000  # of the model's output that are looked at
NOTE = "The language model read this: look whether it is what you meant, and try it with a dry run."
_SYSTEM = """You turn a request to look out for something into one JSON object, and write nothing \
else. It is {"what": CONDITION, ...} or, when the request is no such thing or cannot be perceived, \
{"question": "what to ask back"}.
CONDITION is one of
{"kind":"object","labels":[..],"colour":"","event":"appears|leaves|present"} labels: %(labels)s; \
colours: %(colours)s
{"kind":"text","contains":[..],"event":..}
{"kind":"sound","names":[..],"event":..} names: %(sounds)s
{"kind":"speech","any_of":[..],"all_of":[..],"meaning":""}
{"kind":"scene","change":true}
{"kind":"absent","of":CONDITION,"for_s":30.0}  {"kind":"lasts","of":CONDITION,"for_s":10.0}
{"kind":"count","of":CONDITION,"op":">=","n":2,"scope":"view|total","window_s":null}
{"kind":"sequence","first":CONDITION,"then":CONDITION,"within_s":null}
{"kind":"all","of":[..]}  {"kind":"any","of":[..]}  {"kind":"not","of":CONDITION}
Inside absent, lasts, not and a count in view, use "event":"present".
Beside "what": "repeat":"once|each", "cooldown_s":0.0, "urgency":"low|normal|high", "say":"", \
"when":{"days":[0..6],"start":"HH:MM","end":"HH:MM"}. Leave out what was not asked for.
What people do (fall, laugh), states of things and who somebody is cannot be perceived."""


async def ask_model(
    text: str, reply: Reply, known: Known, complete: Complete, timeout_s: float = TIMEOUT_S
) -> Understood | Reply:
    """Return the rule that the model made of a sentence, or a question back.

    `reply` is what the parser answered, and what stays when the model fails or is too slow.
    """
    listed = {
        "labels": ", ".join(known.labels), "colours": ", ".join(COLOURS),
        "sounds": ", ".join(known.sounds),
    }  # fmt: skip
    messages = [
        Message(role="system", text=_SYSTEM % listed),
        Message(role="user", text=text),
    ]
    try:
        async with asyncio.timeout(timeout_s):
            said = await complete(messages, MAX_TOK)
        return _checked(said[:MAX_CHARS], text, reply, known)
    except (OmniLiveError, TimeoutError, ValueError, RecursionError) as error:
        logger.info("the language model could not read a watch: %s", error)
        return reply


def _checked(said: str, text: str, reply: Reply, known: Known) -> Understood | Reply:
    found = json.loads(_object_in(said))
    if not isinstance(found, dict):
        raise ValueError("it wrote no object")
    question = found.get("question")
    if isinstance(question, str) and question.strip():
        return replace(reply, text=f"{reply.text} {question.strip()[:300]}")
    # Whom to tell, and where, is never for the model to decide.
    kept = ("what", "repeat", "cooldown_s", "urgency", "say", "when", "min_confidence")
    fields = {name: found[name] for name in kept if found.get(name) is not None}
    read = vet(rule_from_json({**fields, "text": " ".join(text.split())}), known, (NOTE,))
    return replace(read, by="language model") if isinstance(read, Understood) else read


def _object_in(said: str) -> str:
    """Return the outermost braces: models like to write around them."""
    match = re.search(r"\{.*\}", said, re.DOTALL)
    if match is None:
        raise ValueError("it wrote no object")
    return match[0]
