"""Turns narrations about "C", the camera wearer, into words to the user: "C cuts" to "You cut".

By rule where no language model does it (endpoint mode: refine.py). Only the verb after C, and one
after "and" that clearly is one, is changed; what else a sentence says stays.
"""

import re

IRREGULAR = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "goes": "go",
    "isn't": "aren't",
}
KEEPS_E = frozenset({"aches", "caches", "hoes", "toes", "canoes", "shoes"})
LEAD = re.compile(r"(?:the )?(?:C|camera wearer)\s+((?:then |also |still |now )?)([a-z']+)\b", re.I)
AND = re.compile(
    r"\b(and|then) ([a-z]+s)\b(?= (?:the|a|an|it|them|up|down|to|on|into|away|his|her|around)\b)"
)
OTHERS = re.compile(r"\b(?:man|woman|person|boy|girl|lady|he|she|[ABD-HJ-Z])\b")
OWN = re.compile(r"\b(?:his|her)\b(?! ?\.)")
SELF = re.compile(r"\b(?:himself|herself)\b")


def to_you(text: str) -> str:
    """Return a sentence whose subject is C with "You" instead; any other as it is."""
    found = LEAD.match(text)
    if not found:
        return text
    rest = text[found.end() :]
    rest = AND.sub(lambda m: f"{m[1]} {base_form(m[2])}", rest)
    if not OTHERS.search(rest):
        rest = SELF.sub("yourself", OWN.sub("your", rest))
    return f"You {found[1]}{base_form(found[2])}{rest}"


def base_form(verb: str) -> str:
    """Return the verb of "you" for that of "he": "carries" as "carry"."""
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if not verb.endswith("s") or verb.endswith("ss") or len(verb) < 3:
        return verb
    if verb.endswith("ies") and len(verb) > 4:
        return f"{verb[:-3]}y"
    if verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")) and verb not in KEEPS_E:
        return verb[:-2]
    return verb[:-1]
