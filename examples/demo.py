"""The demo of `make demo`: watch the sample clip, print what was noticed, ask three questions."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from omnilive import Session, recipes
from omnilive.core.errors import OmniLiveError
from omnilive.memory.library import Library

HERE = Path(__file__).parent
CLIP = HERE / "sample.mp4"


def clock(t: float) -> str:
    return f"{int(t) // 60}:{int(t) % 60:02d}"


def show_progress(line: dict) -> None:
    """Print one line of the session's log as it is written."""
    if line["type"] == "percept" and line["final"] and line["kind"] == "speech":
        print(f"  {clock(line['start_s'])}  heard    {line['text']}")
    elif line["type"] == "percept" and not line["final"] and line["kind"] == "text":
        print(f"  {clock(line['start_s'])}  read     {line['text']}")
    elif line["type"] == "percept" and line.get("data", {}).get("event") == "appeared":
        print(f"  {clock(line['start_s'])}  saw      {line['text']}")
    elif line["type"] == "percept" and line.get("data", {}).get("event") == "began":
        if line["text"] != "speech":
            print(f"  {clock(line['start_s'])}  heard    {line['text']}")


async def demo(folder: Path) -> bool:
    questions = [
        qa for qa in json.loads((HERE / "sample.json").read_text())["qa"] if qa.get("demo")
    ]
    async with Session.open("demo", recipes.laptop(), library=Library(folder)) as session:
        session.listeners.append(show_progress)
        print(f"Watching {CLIP.name} as fast as this machine can:\n")
        summary = await session.watch(str(CLIP), pace="fast")
        duration_s, wall_s = summary["duration_s"], summary["wall_s"]
        print(f"\n{duration_s:.0f} s of video in {wall_s:.0f} s ({duration_s / wall_s:.1f}x).")
        print("\nThe timeline it remembers:\n")
        for moment in session.store.moments():
            print(f"  {clock(moment.start_s)}-{clock(moment.end_s)}  {moment.text}")
        print("\nThree questions:\n")
        all_right = True
        for qa in questions:
            answer = await session.ask(qa["question"])
            print(f"  Q  {qa['question']}\n  A  {answer.text}")
            for item in answer.evidence[:3]:
                print(f"       {clock(item.start_s)}-{clock(item.end_s)}  {item.kind}: {item.text}")
            right = any(wanted.lower() in answer.text.lower() for wanted in qa["accept"])
            low, high = qa["evidence_s"]
            cited = any(e.start_s <= high and e.end_s >= low for e in answer.evidence)
            print(f"       {'right' if right and cited else 'NOT RIGHT'}\n")
            all_right = all_right and right and cited
    return all_right


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return 0 if asyncio.run(demo(Path(folder))) else 1
        except OmniLiveError as error:
            print(f"omnilive: error: {error}", file=sys.stderr)
            return 4


if __name__ == "__main__":
    sys.exit(main())
