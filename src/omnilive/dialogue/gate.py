"""Was that meant for me? Plain rules on the transcript; no clock, no model."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from omnilive.dialogue.config import DialogueConfig
from omnilive.memory.search.words import states
from omnilive.memory.search.words import words as signs

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
BACKCHANNELS = (
    "mm|mmm|mhm|mm-hm|mm-hmm|mm-mm|mmhm|mmhmm|hm|hmm|hmmm|um|uhm|uh|uh-huh|uh-uh|er|erm|ah|aha|oh|ooh"
    "|huh|ha|haha|ha ha|wow|whoa|oops|ok|okay|yes|yeah|yea|ya|yep|yup|nah|right|all right|alright"
    "|sure|cool|nice|great|good|very good|fine|perfect|indeed|exactly|interesting|true|of course"
    "|thanks|thank you|thank you very much|thank you so much|thanks a lot|cheers|got it|gotcha"
    "|i see|i know|makes sense|that's nice|that's right|that's good|really|bye|goodbye|you|so"
    "|嗯|嗯嗯|哦|噢|啊|好|好的|对|是|是的|行|谢谢|谢谢你|明白|知道了"
    "|네|예|응|아|어|음|그래|그렇구나|알겠어요|알겠습니다|감사합니다|고마워|고마워요"
).split("|")
PHANTOMS = frozenset(  # what Whisper hears in noise and silence
    (
        "thanks for watching|thank you for watching|thank you so much for watching|subscribe"
        "|please subscribe|the end|see you next time|see you in the next video|i'm sorry|music"
        "|applause|laughter|silence|谢谢观看|字幕"
    ).split("|")
)
COMMANDS = frozenset(
    (
        "stop wait no hey hold cancel quiet enough pause what why who where when how again repeat "
        "louder slower sorry omni hello help shush shut 停 等等 不 停下 什么 그만 잠깐 아니 멈춰 뭐"
    ).split()
)
CALLED = "wake word only"  # the question may follow after a pause
LONGEST = 6  # words
SHORTEST = 4  # words of a remark: "the red one" may be a question
LEANING = re.compile(  # it leans on what was said before, or hopes for help
    r"^(?:and|or|but|what)\b|\b(?:please|lost|looking for|let me|need|want|wonder|know|help)\b"
    r"|\b(?:maybe|can't|cannot|can not|right|isn't it)\b",
    re.IGNORECASE,
)
ALIKE = 0.8  # similarity of spelling from which a word is taken for a wake word


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to answer, and what; `reason` says why not, in a word."""

    addressed: bool
    question: str
    reason: str = ""


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters; Chinese characters stay in runs."""
    return [word.replace("’", "'").lower() for word in WORD.findall(text)]


def is_backchannel(text: str, extra: tuple[str, ...] = ()) -> bool:
    """Tell "mm-hm", "okay, thank you" and what is heard in noise from words that mean something."""
    said = " ".join(words_of(text))
    if not said or said in PHANTOMS:
        return True
    return len(said.split()) <= LONGEST and _only(extra).fullmatch(said) is not None


def is_remark(text: str) -> bool:
    """Tell a plain statement, which wants no answer, from what asks, orders or hopes for one.

    In doubt it is none: a question without an answer is worse than a remark with one.
    """
    plain = text.replace("’", "'")
    return states(text) and len(signs(text)) >= SHORTEST and LEANING.search(plain) is None


@cache
def _only(extra: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a text that is made of back-channels and nothing else."""
    known = [" ".join(words_of(phrase)) for phrase in (*BACKCHANNELS, *extra)]
    any_of = "|".join(re.escape(phrase) for phrase in sorted(known, key=len, reverse=True))
    return re.compile(rf"(?:{any_of})(?: (?:{any_of}))*")


def decide(
    text: str, config: DialogueConfig, *, follows_up: bool = False, was_asked: bool = False
) -> Verdict:
    """Judge a turn that was taken for over by the voice alone.

    `follows_up`: the assistant spoke just now; `was_asked`: its last words were a question, so
    that "yes" is an answer.
    """
    words = words_of(text)
    if not words:
        return Verdict(False, "", "nothing understood")
    if is_backchannel(text, config.backchannels) and not was_asked:
        return Verdict(False, text, "back-channel")
    if config.answer == "always":
        return Verdict(True, text)
    if config.answer != "wake_word":
        return Verdict(False, text, config.answer)
    called, rest = called_by(text, config.wake_words)
    if called and not words_of(rest):
        return Verdict(False, "", CALLED)
    if called or follows_up:
        return Verdict(True, rest)
    return Verdict(False, text, "no wake word")


def called_by(text: str, wake_words: tuple[str, ...]) -> tuple[bool, str]:
    """Tell whether a wake word stands near the beginning or at the end; return the rest."""
    found = list(WORD.finditer(text))
    near = {*range(min(3, len(found))), *range(max(0, len(found) - 1), len(found))}
    for i in sorted(near):
        for span in (1, 2):
            part = found[i : i + span]
            heard = "".join(match[0] for match in part).lower()
            if len(part) == span and any(_sounds_like(heard, word) for word in wake_words):
                return True, _without(text, part[0].start(), part[-1].end())
    return False, text


def _sounds_like(heard: str, wake_word: str) -> bool:
    wake, heard = (_by_ear("".join(words_of(word))) for word in (wake_word, heard))
    if heard == wake:
        return True
    if len(wake) < 3 or abs(len(heard) - len(wake)) > 2 or heard[0] != wake[0]:
        return False
    return SequenceMatcher(None, heard, wake).ratio() >= ALIKE


def _by_ear(word: str) -> str:
    """Return a spelling in which "omnee", "omny" and "ommni" are "omni"."""
    return re.sub(r"(.)\1+", r"\1", re.sub(r"ee|ie|ey|y", "i", word))


def _without(text: str, start: int, end: int) -> str:
    """Cut a wake word out, with the "hey" before it and the comma after it."""
    before = re.sub(r"(?:^|[\s,])(?:hey|hi|hello|ok|okay)[\s,]*$", "", text[:start], flags=re.I)
    after = re.sub(r"^[\s,:;-]+", "", text[end:])
    if not words_of(before):
        after = re.sub(r"^[\s.!?]+", "", after)
    joined = f"{before.rstrip(' ,')} {after}".strip()
    return re.sub(r"\s+([.?!])", r"\1", joined)
