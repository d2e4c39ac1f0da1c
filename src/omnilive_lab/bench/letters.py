"""What a free-form reply chose: the loose official readings, and one strict reading of each kind.

An official reading reproduces the published script to the letter, with what it gets wrong; the
strict reading answers only when the reply makes exactly one choice, however it is worded.
"""

import re
import unicodedata
from collections.abc import Sequence

NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
TIMES = {"never": 0, "none": 0, "once": 1, "twice": 2, "thrice": 3}
CHINESE_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
YES = {"yes", "yeah", "yep", "yup", "true", "correct", "sí", "oui", "ja", "да"}
NO = {"no", "nope", "false", "incorrect", "non", "nein", "нет"}
_NUMBER = r"(?<![a-z\d.])\d+(?:,\d{3})*(?:\.\d+)?(?![a-z\d])"  # "1st" and "a1" are none
_DOUBT = r"\b(?:sure|certain|clear|tell|determine|know|say|answer|see)\b"


# Official readings.


def first_character(reply: str) -> str:
    """Take the first character (StreamingBench `count.py`, IXC's scripts after their prefill).

    Trap: " B", "(B)" and "Answer: B" are all wrong, and "Because..." chooses B.
    """
    return reply[:1]


def contains(reply: str, truth: str) -> bool:
    """Look for `truth` anywhere (OVO-Bench `OVOBenchScore.py`).

    Trap: "Answer: C" is right where A is; "None of these" and "Not sure" are right where No is;
    a reply of "ABCD" is always right.
    """
    return truth in reply


def joined_digits(reply: str) -> str:
    """Join every digit of the reply (OVO-Bench REC).

    Trap: "2 or 3" counts 23, "3 times in 10 seconds" 310, and "three" nothing.
    """
    return "".join(re.findall(r"\d+", reply))


def at_bracket(reply: str) -> str:
    """Take the one sign before the first ")", all of it without one (MLVU `choice_bench.py`).

    As in the release whose files are numbered and whose prefill is "Best Option: ("; the first
    release took everything before the bracket. Trap: "B." and " B" equal no letter, and
    "the man (left) holds B" chooses "t".
    """
    end = reply.find(")")
    return reply if end < 0 else reply[max(0, end - 1) : end]


_PREFIXES = (
    "The best answer is", "The correct answer is", "The answer is", "The answer",
    # Two commas are missing in the published list: these four are two, and match nothing.
    "The best option isThe correct option is", "Best answer:Best option:",
)  # fmt: skip


def first_capital(reply: str) -> str:
    """Take the first capital A to D (Video-MME `eval_your_results.py`), "" when there is none.

    Trap: "Answer: C" and "A man enters, so C" choose A, "Based on the video, A" chooses B; "c"
    chooses nothing, and what chooses nothing is not counted at all.
    """
    reply = reply.strip()
    for prefix in _PREFIXES:
        reply = reply.replace(prefix, "")
    found = re.search("[ABCD]", reply)
    return found[0] if found else ""


def same_option(reply: str, truth: str) -> bool:
    """Compare first words, each inside the other (MVBench `check_ans`); `truth` is "(B) text".

    The published script puts back the bracket of its prefill and keeps the first line.
    Trap: an empty reply is "(", which every option contains, so silence is always right.
    """
    said = ("(" + reply.strip().split("\n")[0]).lower().split(" ")[0]
    wanted = truth.lower().split(" ")[0]
    return said.replace(".", "") in wanted or wanted in said


# Strict readings.

_CUE = (
    r"(?:\b(?:answer|option|choice|respuesta|opción|réponse|antwort|ответ)|答案|选项|选择?|应该?是)"
)
_IS = r"\s*(?:is|es|est|ist|是|为)?\s*[:=\-—]?\s*(?:option|choice|letter|选项)?\s*"
_DENIED = r"(?:\b(?:not|isnt|neither|nor|never|except|than)|不是|并非)\s*(?:option)?\s*\(?$"
_JOINS = r"(?:and|or|nor|is|was|because|since|as|but|seems)\b"


def read_letter(reply: str, options: Sequence[str]) -> str | None:
    """Return the one letter that a reply chooses among `options`, or None.

    Accepts "b", "(B)", "B. text", "Answer: B.", "**B**", "答案是B", and an option's own words when
    they are the whole reply. None for no choice, for several, and for a choice that is denied.
    """
    letters = [chr(ord("A") + i) for i in range(len(options))]
    text = _plain(reply)
    bare = text.strip(" .。,，:：;!?()[]{}")
    if len(bare) == 1 and bare.upper() in letters:
        return bare.upper()
    if (by_words := _whole_option(text, options)) is not None:
        return letters[by_words]
    if not letters:
        return None
    span = "".join(letters)
    claims = _claims(text, span, _options_plain(options))
    return claims.pop() if len(claims) == 1 else None


def _plain(reply: str) -> str:
    """Full-width signs as plain ones, without emphasis and boxes."""
    text = unicodedata.normalize("NFKC", reply)
    text = re.sub(r"\\boxed\{([^}]*)\}", r"\1", text)
    return re.sub(r"[*_`\"'“”$]+", "", text).strip()


def _words(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w\s]", " ", text).split())


def _options_plain(options: Sequence[str]) -> list[str]:
    """The options' words, without a letter of their own."""
    return [_words(re.sub(r"^\(?[A-Z][.)]\s*", "", o)) for o in options]


def _whole_option(text: str, options: Sequence[str]) -> int | None:
    wanted = _options_plain(options)
    hits = [i for i, words in enumerate(wanted) if words and words == _words(text)]
    return hits[0] if len(hits) == 1 else None


def _claims(text: str, letters: str, options: list[str]) -> set[str]:
    """Every letter that the reply puts forward."""
    low = letters.lower()
    lead = re.match(rf"\(?([{letters}{low}])\s*[.)\]:,、]\s*(.*)|([{letters}])$", text, re.S)
    if lead:
        chosen, rest = (lead[1] or lead[3]).upper(), _words(lead[2] or "")
        if rest == options[ord(chosen) - 65]:  # its text may hold letters of its own
            return {chosen}
    ends = r"(?=\s*(?:[.,;:!)\]]|$))"  # "the answer is a" chooses, "the answer is a man" does not
    cued = re.findall(rf"{_CUE}{_IS}\(?((?-i:[{letters}](?!\w))|[{low}]{ends})", text, re.I)
    alone = [m for m in re.finditer(rf"(?<![\w'])([{letters}])(?![\w'])", text)]
    found = {m[1] for m in alone if not _is_article(text, m) and not _is_denied(text, m)}
    found |= {c.upper() for c in cued}
    return found | ({lead[1].upper()} if lead and lead[1] else set())


def _is_article(text: str, found: re.Match[str]) -> bool:
    """Whether this A is the word of "A man enters"."""
    rest = text[found.end() :]
    follows = re.match(r"\s+[a-z]", rest) and not re.match(rf"\s+{_JOINS}", rest)
    return found[1] == "A" and bool(follows)


def _is_denied(text: str, found: re.Match[str]) -> bool:
    return re.search(_DENIED, text[: found.start()], re.I) is not None


def read_number(reply: str) -> int | None:
    """Return the one whole number that a reply names, in digits or words, or None.

    Times of day ("0:12") do not count; the same number twice does ("3 (three)").
    """
    text = re.sub(r"\b\d+(?::\d+)+\b", " ", _plain(reply).casefold())
    found = {float(n.replace(",", "")) for n in re.findall(_NUMBER, text)}
    found |= {float(n) for n in _english_numbers(text)} | {float(n) for n in _chinese_numbers(text)}
    number = found.pop() if len(found) == 1 else None
    return int(number) if number is not None and number.is_integer() else None


def _english_numbers(text: str) -> list[int]:
    ones = {w: i for i, w in enumerate(NUMBER_WORDS)}
    tens = {w: 10 * (i + 2) for i, w in enumerate(TENS)}
    found: list[int] = []
    pending: int | None = None  # a ten that a unit may follow, or a run before "hundred"
    for word in re.findall(r"[a-z]+", text):
        if word in tens:
            found, pending = [*found, *_kept(pending)], tens[word]
        elif word in ones and pending is not None and pending % 10 == 0 and 0 < ones[word] < 10:
            pending += ones[word]
        elif word in ones:
            found, pending = [*found, *_kept(pending)], ones[word]
        elif word == "hundred" and pending is not None:
            pending *= 100
        elif word in TIMES:
            found.append(TIMES[word])
        elif word != "and" or pending is None:
            found, pending = [*found, *_kept(pending)], None
    return [*found, *_kept(pending)]


def _kept(pending: int | None) -> list[int]:
    return [] if pending is None else [pending]


def _chinese_numbers(text: str) -> list[int]:
    """Numbers up to 99, such as 三, 十二 and 二十."""
    signs = "".join(CHINESE_DIGITS)
    found = []
    for ten, unit in re.findall(rf"([{signs}]?十)?([{signs}]?)", text):
        if ten or unit:
            tens = CHINESE_DIGITS.get(ten[:-1], 1) if ten else 0
            found.append(10 * tens + CHINESE_DIGITS.get(unit, 0))
    return found


def read_yes_no(reply: str) -> bool | None:
    """Return whether a reply says yes or no, or None when it says neither or both.

    A denial in a whole sentence ("he is not doing it") is a no; doubt ("not sure") is neither.
    """
    text = _plain(reply).casefold().replace("\u2019", "")
    if text.strip(" .!") in ("y", "n"):
        return text.startswith("y")
    lead = re.match(r"([^\W\d_]+)\s*(?:[^\w\s]|$)", text)
    if lead and lead[1] in YES | NO:
        return lead[1] in YES
    if sign := re.match(r"(是(?!不是)|对(?!不起)|有(?!没有))|([不没否])", text):
        return sign[1] is not None
    said = set(re.findall(r"[^\W\d_]+", text))
    yes, no = bool(said & YES), bool(said & NO)
    denies = re.search(
        r"\bnot\b|\b(?:is|are|was|were|does|do|did|has|have)nt\b", text
    ) and not re.search(_DOUBT, text)
    no = no or bool(denies)
    return None if yes == no else yes
