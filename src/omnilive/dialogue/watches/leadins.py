"""What stands around a watch in English: "please tell me when ...", "count ...", signs."""

import re

from omnilive.dialogue.watches.numbers import COUNT

_ME = r"(?: me| us)?"
_TELL = (
    rf"(?:tell{_ME}(?: know)?|let (?:me|us) know|notify{_ME}|alert{_ME}|warn{_ME}|ping{_ME}|"
    rf"inform{_ME}|remind{_ME}|give (?:me|us) (?:a (?:shout|call|sign|notification|heads up|"
    rf"ping|hint)|"
    rf"notice|an alert)|call me|wake me(?: up)?|shout|sound the alarm|raise (?:the|an) alarm|"
    rf"speak up|say (?:so|something)|sound an alarm|alarm|(?:i|we)(?: would|'d)? (?:like|want|"
    rf"need|wish)(?: to (?:know|be told|"
    rf"be (?:alerted|notified|warned|informed))| (?:a|an) (?:notification|alert|warning|note|"
    rf"message)))"
)
_WHEN = (
    r"(?:(?:as soon as|whenever|when|if|once|the (?:moment|second|minute|instant)(?: that)?|"
    r"in case|should|each time|that)\b)"
)
_LOOK = (
    r"(?:watch(?: out)?(?: for)?|look(?: out)? for|keep an eye(?: out)? (?:on|for)|spot|detect|"
    r"be on the look-?out for|monitor(?: for)?)"
)
_POLITE = (
    r"(?:please|kindly|hey|hi|ok(?:ay)?|so|now|and|but|(?:could|can|would|will) you(?: please)?|"
    r"(?:make sure to|don't forget to|be sure to))"
)


def spelled(text: str) -> str:
    """Write signs and nouns of number as words: "person > 3" as "more than 3 person"."""
    signs = {">=": "at least", ">": "more than", "<=": "at most", "<": "fewer than", "=": "exactly"}
    text = re.sub(
        r"(\w+) ?(>=|<=|>|<|==?) ?(\d+)",
        lambda m: f"{signs[m[2].replace('==', '=')]} {m[3]} {m[1]}", text,
    )  # fmt: skip
    text = re.sub(r"(\d+) ?\+ ?(?=[a-z])", r"at least \1 ", text, flags=re.IGNORECASE)
    words = (
        (r"exceeds|is (?:more|higher|larger|bigger) than|goes (?:over|above)|is (?:over|above)|"
         r"tops",
         "more than"),
        (r"reaches|gets to|hits|is at least|climbs to", "at least"),
        (r"(?:drops|falls|goes|sinks|is) (?:below|under)|is (?:less|lower|smaller|fewer) than",
         "fewer than"),
    )  # fmt: skip
    for pattern, word in words:
        text = re.sub(
            rf"\b(?:the |there is a )?(?:number|count|amount) of (\w+(?: \w+)?) (?:{pattern}) "
            rf"({COUNT})\b",
            rf"{word} \2 \1", text, flags=re.IGNORECASE,
        )  # fmt: skip
    return text


def strip(text: str) -> tuple[str, bool, bool]:
    """Take "please tell me when" and the like away; say whether there was any, and "count"."""
    expected = False
    counts = False
    lead = rf"(?:{_POLITE}\b,? ?)*(?:{_TELL}(?: (?:about|of)\b)?|{_LOOK})(?:,? {_WHEN})?"
    patterns = (
        rf"^(?:{_POLITE}\b,? ?)*{_WHEN}? ",
        rf"^{lead}(?= |:|$|,)",
        rf"[,;.:!?] ?{lead}(?= |:|$|,|\.|!|\?)",
        rf"(?:,| and|, then) {lead}(?:,? please)?[.!?]?$",
    )
    text = f"{text.strip(' .,;:!?')}"
    text = re.sub(
        rf"^((?:{_POLITE}\b,? ?)*{_WHEN} .+?) (?:please )?{_TELL}$", r"\1", text, flags=re.I
    )
    count = re.match(r"(?:please )?(?:count|tally|keep (?:a )?(?:count|track|tally) of)(?: "
                     r"up)?(?: all)?(?: of)? (.+)$", text, re.I)  # fmt: skip
    asked = re.match(r"how (?:many|often does|often do) (.+?)\??,? (?:please )?(?:keep (?:a "
                     r")?(?:count|tally)|count "
                     r"them)$", text, re.I)  # fmt: skip
    if count or asked:
        match = count or asked
        assert match is not None
        text, counts, expected = re.sub(r"^(?:the|every|each|how many) ", "", match[1]), True, True
    for _ in range(3):
        for pattern in patterns:
            found = re.search(pattern, text, re.IGNORECASE)
            if found and found[0].strip():
                expected = expected or bool(re.search(rf"{_TELL}|{_LOOK}|{_WHEN}", found[0], re.I))
                inner = " " if found.start() == 0 else " , "
                text = (text[: found.start()] + inner + text[found.end() :]).strip(" .,;:!?")
    text = re.sub(r"\s*,(?:\s*,)*\s*", ", ", text)
    # "I expect a truck, tell me when it's here": what it is was said before.
    text = re.sub(
        r"(?<=\w)[,.?!]* , ?(?:it|that|this|they|he|she)(?:'s|'re| \w+)(?: (?:here|there|"
        r"happens?|so|comes?))?$|"
        r"(?<=\w), (?:it|that|this|they|he|she)(?:'s|'re| \w+)(?: (?:here|there|happens?|so|"
        r"comes?))?$",
        "", text, flags=re.I,
    )  # fmt: skip
    text = re.sub(r"\b(?:for me|please)\b", " ", text)
    text = re.sub(r" (?:that )?(?:you|i|we) (?:can )?(?:see|notice|spot)$", "", text, flags=re.I)
    text = re.sub(rf"(?:, | and |, and )(?:please )?{_TELL}$", "", text, flags=re.I)
    return " ".join(text.split()).strip(" .,;:!?"), expected, counts
