"""Plain words, English or Chinese -> a rule, or a question back. Pure logic, no model needed."""

import re

from pydantic import ValidationError

from omnilive.dialogue.watches.chinese import read_chinese
from omnilive.dialogue.watches.clause import Clause, unclear
from omnilive.dialogue.watches.describe import describe
from omnilive.dialogue.watches.doubts import doubts
from omnilive.dialogue.watches.english import read_english
from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.outcome import Reply, Understood, Unread
from omnilive.dialogue.watches.qualifiers import Qualifiers, read_qualifiers
from omnilive.dialogue.watches.refused import refuse, refuse_rest
from omnilive.dialogue.watches.rule import Every, Rule
from omnilive.dialogue.watches.shield import shield

MAX_CHARS = 1000
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def parse(text: str, known: Known) -> Understood | Reply:
    """Understand a watch, or say what is missing. Never raises, never accepts in silence."""
    if len(text) > MAX_CHARS:
        return Reply(
            code="unclear",
            text=f"That is {len(text)} characters long: say one watch in one sentence "
            f"(at most {MAX_CHARS} characters).",
        )
    shielded = shield(text)
    try:
        if not shielded.text:
            raise unclear("")
        is_chinese = bool(_CHINESE.search(re.sub(r"Q\d+Q", "", shielded.text)))
        refuse(shielded.text, is_chinese=is_chinese)
        if is_chinese:
            clause, found = read_chinese(shielded, known)
        else:
            found = read_qualifiers(shielded, known)
            is_digest = found.every_s is not None
            refuse_rest("" if is_digest else found.text)
            clause = None if is_digest else read_english(found.text, shielded, known)
        if shielded.acts:
            found.fields["check"] = True
        rule, notes = _rule(text, clause, found)
    except Unread as unread:
        return unread.reply
    except ValidationError:  # a word or a number that no rule may hold
        return unclear(shielded.restore(shielded.text)).reply
    return vet(rule, known, notes)


def vet(rule: Rule, known: Known, notes: tuple[str, ...] = ()) -> Understood | Reply:
    """Return a rule with its words, or the first thing that is wrong with it."""
    if wrong := doubts(rule, known):
        return wrong[0]
    return Understood(rule=rule, readable=readable(rule), notes=tuple(dict.fromkeys(notes)))


def readable(rule: Rule) -> str:
    """Return the rule in words, in the language that it was given in."""
    return describe(rule, "zh" if _CHINESE.search(rule.text) else "en")


def _rule(text: str, clause: Clause | None, found: Qualifiers) -> tuple[Rule, tuple[str, ...]]:
    if clause is None:
        assert found.every_s is not None
        what, notes = Every(every_s=found.every_s), ()
    else:
        what, notes = clause.what, clause.notes
    try:
        rule = Rule(text=" ".join(text.split()), what=what, **found.fields)
    except ValueError as error:  # a duration or number out of all bounds
        raise Unread("unclear", "A number in this is out of range: name a smaller one.") from error
    return rule, notes
