"""Which questions the live model answers, and what in the memory bears its answers out.

The model sees pictures only, and only those in its window: what was said, the dialogue itself and
what is longer ago stay with the memory.
"""

import re

from omnilive.core.events import Evidence
from omnilive.memory.plan import plan
from omnilive.memory.query import FactQuery
from omnilive.memory.recall import View, stem
from omnilive.memory.search.words import content_words
from omnilive.memory.wall import WallClock
from omnilive.perception.video.labels import COCO_LABELS
from omnilive.reasoning.ask import Ask
from omnilive.reasoning.question import parse

RECENT = 200  # newest percepts in the window that are looked through for evidence
SHOWN = 2  # newest percepts that are shown where none agrees with the answer
SEEN = ("caption", "object", "text", "scene")
_POLITE = re.compile(r"^(?:please,? |can you |could you |would you )*(?:tell me|say) (?=\w)", re.I)
_DIALOGUE = re.compile(r"\b(?:you|i) (?:\w+ )?(?:ask|asked|say|said|tell|told|answer\w*)\b", re.I)
_OF_ALL = re.compile(r"\b(?:so far|in total|in all|altogether|ever)\b|一共|总共", re.I)


def is_for_live(ask: Ask, t: float, since_t: float, clock: WallClock) -> bool:
    """Tell whether a question is about the pictures from `since_t` to `t`.

    `since_t` is not above 0 where the model has all that there was.
    """
    if ask.pictures or ask.tools or ask.has_result or ask.instructions:
        return False  # the model takes nothing of these
    text = _POLITE.sub("", ask.question)
    if _DIALOGUE.search(text):
        return False
    question = parse(text, COCO_LABELS)
    if question.intent == "said" or (question.about_speech and not question.about_text):
        return False  # it is deaf
    has_all = since_t <= 0
    meant = plan(text, clock, t)
    if meant.within is not None:
        reaches = has_all or all(span.start_s >= since_t for span in meant.within)
        return reaches and any(span.end_s > since_t for span in meant.within)
    return has_all or not (question.how_often or meant.order == 0 or _OF_ALL.search(text))


def seen_of(
    view: View, since_t: float, question: str, text: str, limit: int
) -> tuple[tuple[Evidence, ...], bool]:
    """Return what was perceived from `since_t` on and bears on an answer, and whether it agrees.

    It agrees where something perceived shares a word with the answer, or with the question when
    the answer has none of its own ("Yes."). Otherwise the newest is shown, and nothing supports.
    """
    found = view.find(FactQuery(kinds=SEEN, start_s=since_t, limit=RECENT, newest=True))
    found = [fact for fact in found if fact.text and not fact.data.get("instruction")]
    words = {stem(word) for word in content_words(text) or content_words(question)}
    shared = {fact.id: len(words & {stem(w) for w in content_words(fact.text)}) for fact in found}
    best = sorted(found, key=lambda fact: (-shared[fact.id], -fact.start_s))
    agreeing = [fact for fact in best if shared[fact.id]][:limit]
    shown = sorted(agreeing or best[:SHOWN], key=lambda fact: fact.start_s)
    return tuple(view.evidence(fact, float(shared[fact.id])) for fact in shown), bool(agreeing)
