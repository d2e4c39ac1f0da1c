"""The skeleton of a dialogue as a prompt, and the dialogue that a language model makes of it.

The prompt follows VideoLLM-online's recipe: the timeline with its times, what the assistant is
like, and lines "12.5s User: ..." and "12.5s Assistant: ..." to be completed. What comes back is
parsed strictly; what does not fit is counted, never mended by guessing.
"""

import random
import re
from dataclasses import dataclass

from omnilive_lab.live import templates
from omnilive_lab.live.dialogue import Turn
from omnilive_lab.live.endpoint import Failed
from omnilive_lab.live.skeleton import Slot, skeleton
from omnilive_lab.live.styles import Part, Wording

LINE = re.compile(r"[\s>*\[(]*(\d+(?:\.\d+)?)\s*s?[\])]*\s*[*]*(User|Assistant)[*]*\s*:[*]*\s*(.*)")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is sent: the prompt, and the slots that must come back filled."""

    prompt: str
    slots: tuple[Slot, ...]
    queries: dict[float, tuple[str, str]]  # time -> (kind, question)


def draft(part: Part, wording: Wording, rng: random.Random) -> Draft:
    """Return the prompt for one dialogue about a part of a video."""
    slots = skeleton(part.spans, part.stretch, rng, fps=wording.fps, queries=wording.queries)
    queries: dict[float, tuple[str, str]] = {}
    lines = []
    for slot in slots:
        if slot.role == "user":
            now = templates.known(part.spans, slot.t, part.goal)
            kind = rng.choice(templates.askable(now))
            queries[slot.t] = kind, templates.ask(kind, now, rng)[0]
        words = queries[slot.t][1] if slot.role == "user" else "..."
        lines.append(f"{slot.t:g}s {slot.role.capitalize()}: {words}")
    told = "\n".join(f"{s.start_s:.2f}s-{s.end_s:.2f}s: {s.text}" for s in part.spans)
    about = f" The goal: {templates.phrase(part.goal)}." if part.goal else ""
    prompt = (
        "A helpful assistant watches a video live while a user does the following."
        f"{about}\n\n{told}\n\n"
        "Complete the dialogue below. Keep each line's time and speaker, and keep what the user "
        "says; replace every \"...\" by what the assistant says at that moment. It speaks to the "
        "user as \"you\", briefly, and helps on its own accord when a step starts or ends. It has "
        "seen the video only up to that moment, but knows well how such things go on. It does not "
        "know the time: it never mentions seconds, times or these instructions. Questions that "
        "have nothing to do with the video it answers as well. Write nothing but the lines.\n\n"
    )  # fmt: skip
    return Draft(prompt + "\n".join(lines), tuple(slots), queries)


def parse_lines(text: str) -> list[tuple[float, str, str]]:
    """Return (seconds, role, words) of lines as "12.5s User: ..."; others go on the line before."""
    found: list[tuple[float, str, str]] = []
    for line in text.splitlines():
        if match := LINE.fullmatch(line.strip()):
            found.append((float(match[1]), match[2].lower(), match[3].strip()))
        elif found and line.strip() and not line.strip().startswith("```"):
            t, role, words = found[-1]
            found[-1] = t, role, f"{words} {line.strip()}".strip()
    return found


def fill(draft: Draft, text: str) -> list[Turn]:
    """Return the turns of a completed dialogue. Failed when it is not what was asked for."""
    lines = parse_lines(text)
    if not lines:
        raise Failed("no line of the dialogue")
    said: dict[tuple[float, str], str] = {}
    for t, role, words in lines:
        said.setdefault((t, role), words)
    turns = []
    for slot in draft.slots:
        kind = draft.queries.get(slot.t, ("remark", ""))[0]
        if slot.role == "user":
            words = draft.queries[slot.t][1]
        else:
            words = said.get((slot.t, "assistant"), "")
        if slot.role == "assistant" and words.strip(" .…") == "":
            if slot.kind == "answer":
                raise Failed("a question without an answer")
            continue  # a step that it passes over in silence
        turns.append(Turn(role=slot.role, t=slot.t, text=words, kind=kind))
    return turns
