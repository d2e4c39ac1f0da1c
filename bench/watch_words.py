"""How well plain words are understood: the sentences of the test set against their stored forms.

    .venv/bin/python bench/watch_words.py            # the figures
    .venv/bin/python bench/watch_words.py --show     # and every failure of the development set
    .venv/bin/python bench/watch_words.py --json

Beside the main set, whose held-back third is the final figure, there are freely worded sentences
that were written after the parser: of the first 64 it got 39 at first sight, of 50 more, written
after those had helped to build it, 37. Both figures are from before the set helped to build it.
A sentence counts as understood when the rule is equal in every field (but for the words that it
was given in), or when the reply has the expected code. The held-back sentences are never shown.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.outcome import Reply
from omnilive.dialogue.watches.parse import parse
from omnilive.dialogue.watches.rule import rule_from_json, rule_json

SENTENCES = Path(__file__).parents[1] / "tests" / "dialogue" / "watches" / "sentences.jsonl"
FREE = SENTENCES.with_name("sentences_free.jsonl")
GROUPS = {True: "held back", False: "development", None: "free"}


def load(path: Path = SENTENCES) -> tuple[Known, list[dict[str, Any]]]:
    first, *rest = (json.loads(line) for line in path.read_text().splitlines())
    context = first["context"]
    known = Known(
        sounds=tuple(context["sounds"]),
        sources=tuple(context["sources"]),
        tags=tuple(context["tags"]),
    )
    return known, rest


def is_right(item: dict[str, Any], known: Known) -> tuple[bool, str]:
    got, expected = parse(item["text"], known), item["expect"]
    if isinstance(got, Reply):
        return got.code == expected.get("reply"), f"{got.code}: {got.text}"
    if "rule" not in expected:
        return False, json.dumps(rule_json(got.rule), ensure_ascii=False)
    wanted = rule_from_json(expected["rule"])
    return bare(rule_json(got.rule)) == bare(rule_json(wanted)), got.readable


def bare(value: Any) -> Any:
    """Leave out what is for reading only."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in ("text", "name")}
        return {k: bare(v) for k, v in kept.items()}
    return [bare(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    known, items = load()
    items += [{**item, "held": None} for item in load(FREE)[1]]
    right: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for item in items:
        group = GROUPS[item["held"]]
        kind = "reply" if "reply" in item["expect"] else "rule"
        ok, got = is_right(item, known)
        for key in ((group, "all"), (group, item["lang"]), (group, kind)):
            total[key] += 1
            right[key] += ok
        if options.show and not ok and not item["held"]:
            print(
                f"{item['id']:>4} {item['text']}\n     wanted {item['expect']}\n     got    {got}"
            )
    for group, kind in sorted(total):
        n, of = right[group, kind], total[group, kind]
        if options.json:
            print(json.dumps({"set": group, "kind": kind, "right": n, "of": of}))
        else:
            print(f"{group:<12} {kind:<6} {n:>3} of {of:>3}  {n / of:.1%}")


if __name__ == "__main__":
    main()
