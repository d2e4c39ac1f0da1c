"""Lets a language model reword narrations: "C looks around." to "You look around."

After VideoLLM-online's refinement (four examples, answers in brackets), many lines in one request.
A line that does not come back is reworded by rule, and counted.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from omnilive_lab.live.converters.base import Span
from omnilive_lab.live.endpoint import Endpoint
from omnilive_lab.live.person import to_you

MOST_LINES = 25  # in one request
ANSWER = re.compile(r"\s*(\d+)[.):]?\s*\[(.+)\]\s*")
PROMPT = (
    "Reword each numbered remark about a first-person video. C is the person who wears the camera: "
    "speak to that person as \"you\". Correct spelling and grammar, keep the meaning, add nothing, "
    "stay as short. Answer with the same numbers, each remark in brackets, and nothing else.\n"
    "1. [C looks around.] -> 1. [You look around.]\n"
    "2. [C picks a knife from table] -> 2. [You pick up a knife from the table.]\n"
    "3. [man X talks with C] -> 3. [A man talks with you.]\n"
    "4. [C washes and dry hand] -> 4. [You wash and dry your hands.]\n\n"
)  # fmt: skip


def refine(spans: Sequence[Span], endpoint: Endpoint, seed: int = 0) -> tuple[Span, ...]:
    """Return the spans in words to the user."""
    texts = list(dict.fromkeys(span.text for span in spans))
    said: dict[str, str] = {}
    for start in range(0, len(texts), MOST_LINES):
        some = texts[start : start + MOST_LINES]
        lines = "\n".join(f"{i}. [{text}]" for i, text in enumerate(some, 1))
        found = answers(endpoint.complete(PROMPT + lines, seed))
        for i, text in enumerate(some, 1):
            if i not in found:
                endpoint.count_failure("a remark did not come back: reworded by rule")
            said[text] = found.get(i) or to_you(text)
    return tuple(replace(span, text=said[span.text]) for span in spans)


def answers(text: str) -> dict[int, str]:
    """Return the remarks by number; of a line "1. [a] -> 1. [b]" the last."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        if match := ANSWER.fullmatch(line.rpartition("->")[2]):
            found[int(match[1])] = " ".join(match[2].split())
    return found
