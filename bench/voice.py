"""Talking with a real server over loopback WebRTC, measured at the client.

    python bench/voice.py [--turns 50] [--interruptions 30] [--sounds 100] [--set NAME=VALUE]

A separate `omnilive serve` process watches 720p30 pictures and a microphone. Measured are: true
end of speech -> first audible sample of the answer (simple questions, and such as look into
memory); true onset of an interruption -> last audible sample; replies abandoned (false
interruptions) or paused and resumed (hiccups) by back-channels and noises; turns taken for over
before their true end. "True" times are those of the samples that the client sent. Interruptions
and sounds happen while long scripted replies are spoken, since ours are short.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from common import SHARED, report, spread
from voice_client import Caller, encode
from voice_sounds import (
    INTERRUPTIONS,
    MEMORY,
    RECORDED,
    SIMPLE,
    Sound,
    Synthesis,
    backchannels,
    noises,
    recorded,
)

SPEEDS = (0.9, 1.0, 1.15)
WARM_UP = 2
SETTLE_S = 20.0  # the server loads its small language model meanwhile
RUN = ["-m", "omnilive"]
WAIT_S = 12.0
LONG = (
    "Here is a long story about a quiet village by the sea where nothing much ever happened and "
    "people mended their nets in the morning sun while children ran along the harbour wall and "
    "counted boats that came home with the tide and an old woman sold warm bread from a small "
    "window near the church and everybody knew what everybody else would have for dinner and the "
    "lighthouse keeper wrote letters that he never sent and a grey cat slept on the coiled ropes "
    "until evening came and lamps were lit along the narrow street that led up to the hill"
)


@contextmanager
def server(settings: dict[str, Any], sets: list[str]) -> Iterator[str]:
    """Run `omnilive serve` with a home of its own (the models are shared) and give its address."""
    from omnilive.core.paths import home

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(home() / "models")
        config = Path(folder) / "voice.yaml"
        config.write_text(json.dumps(settings))
        log = open(Path(folder) / "log", "w+")
        command = [sys.executable, *RUN, "serve", "--port", "0", "--config", config]
        command += [f"--set={setting}" for setting in sets]
        env = {**os.environ, "OMNILIVE_HOME": folder}
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            yield _address(process, Path(folder) / "log")
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if os.environ.get("VOICE_LOG"):
                print(Path(folder, "log").read_text(), file=sys.stderr)
            log.close()


def _address(process: subprocess.Popen[Any], log: Path) -> str:
    for _ in range(300):
        time.sleep(0.1)
        for word in log.read_text().split():
            if word.startswith("http://127.0.0.1:"):
                return word.rstrip("/.,")
        if process.poll() is not None:
            break
    raise SystemExit(f"the server did not start:\n{log.read_text()}")


def turns(count: int, seed: int, voice: Synthesis) -> list[Sound]:
    """Return warm-up turns and `count` others: half for memory; a quarter are recordings."""
    rng = np.random.default_rng(seed)
    out = [voice.say(text, "warm-up", 1.0) for text in ("What do you see?", "What did I say?")]
    files = [recorded(*cut) for cut in RECORDED]
    for i in range(count):
        speed = float(rng.choice(SPEEDS))
        if i % 2:
            out.append(voice.say(MEMORY[(i // 2) % len(MEMORY)], "memory", speed))
        elif i % 4 == 0:
            out.append(files[(i // 4) % len(files)])
        else:
            out.append(voice.say(SIMPLE[(i // 4) % len(SIMPLE)], "simple", speed))
    return out


async def one_turn(caller: Caller, sound: Sound) -> dict[str, Any]:
    """Say a turn, listen to the answer, and return what happened when."""
    began_t = time.monotonic()
    _, end_t = await caller.microphone.say(sound)
    await asyncio.sleep(max(0.0, end_t - time.monotonic()))
    onset_t = await caller.until_onset(began_t, WAIT_S)
    await caller.until_quiet(1.2, 40.0)
    commits = caller.told("input_audio_buffer.committed", began_t)
    done = caller.told("response.done", began_t)
    ours = [e["omnilive"] for _, e in caller.told("omnilive.turn", began_t) if e["role"] != "user"]
    return {
        "said": sound.name, "kind": sound.kind, "made": sound.made,
        "latency_s": None if onset_t is None else onset_t - end_t,
        "cut_off": bool(commits) and commits[0][0] < end_t - 0.02,
        "commits": len(commits),
        "latency": ours[-1].get("latency") if ours else None,
        "reply": _text(done[-1][1]) if done else "",
    }  # fmt: skip


def _text(done: dict[str, Any]) -> str:
    parts = [part for item in done["response"]["output"] for part in item.get("content", [])]
    return " ".join(part.get("transcript") or part.get("text") or "" for part in parts)


async def measure_turns(caller: Caller, said: list[Sound], args: Any) -> dict[str, Any]:
    """Take turns; the first WARM_UP of them do not count."""
    rng, found = np.random.default_rng(args.seed), []
    for sound in said[:WARM_UP]:
        await one_turn(caller, sound)
    for sound in said[WARM_UP:]:
        found.append(await one_turn(caller, sound))
        if args.trace:
            print(json.dumps(found[-1], ensure_ascii=False), file=sys.stderr)
        await asyncio.sleep(float(rng.uniform(0.3, 1.0)))
    return {"turns": _summary(found), "each": found}


def _summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    def latencies(keep: Any) -> dict[str, float]:
        kept = [f["latency_s"] for f in found if keep(f) and f["latency_s"] is not None]
        return spread([s for s in kept if s > 0])

    stages: dict[str, dict[str, float]] = {}
    for name in ("end_of_turn_s", "transcript_s", "recall_s", "first_text_s", "first_audio_s"):
        values = [f["latency"].get(name) for f in found if f["latency"]]
        stages[name] = spread([v for v in values if v is not None])
    return {
        "n": len(found),
        "unanswered": sum(f["latency_s"] is None for f in found),
        "cut_off": sum(f["cut_off"] for f in found),
        "end_of_speech_to_sound_s": {
            "all": latencies(lambda f: True),
            "simple": latencies(lambda f: f["kind"] == "simple"),
            "memory": latencies(lambda f: f["kind"] == "memory"),
            "recorded": latencies(lambda f: f["made"] == "recorded"),
            "synthetic": latencies(lambda f: f["made"] != "recorded"),
        },
        "server_stages_s": stages,
    }


def interruptions(count: int, seed: int, voice: Synthesis) -> list[Sound]:
    """Return what interrupts."""
    rng = np.random.default_rng(seed + 1)
    return [
        voice.say(INTERRUPTIONS[i % len(INTERRUPTIONS)], "interruption", float(rng.choice(SPEEDS)))
        for i in range(count)
    ]


def sounds(count: int, seed: int, voice: Synthesis) -> list[Sound]:
    """Return noises and back-channels, half and half, in random order."""
    rng = np.random.default_rng(seed + 2)
    made = [*noises(rng, count - count // 2), *backchannels(rng, count // 2, voice)]
    return [made[i] for i in rng.permutation(len(made))]


async def measure_interruptions(caller: Caller, said: list[Sound], args: Any) -> dict[str, Any]:
    """Interrupt long replies; onset of speech -> last audible sample."""
    rng = np.random.default_rng(args.seed + 1)
    silences, kept, missed = [], 0, 0
    for sound in said:
        asked_t = time.monotonic()
        caller.ask_typed("Tell me a long story.")
        if await caller.until_onset(asked_t, WAIT_S) is None:
            continue
        await asyncio.sleep(float(rng.uniform(1.0, 4.0)))
        onset_t, end_t = await caller.microphone.say(sound)
        await asyncio.sleep(max(0.0, end_t - time.monotonic()) + 2.5)
        if onset_t - caller.last_sound(onset_t) > 0.1:
            missed += 1  # it happened to be silent, or the machine was too busy to speak
            await _hush(caller)
            continue
        silent_t = caller.silence_from(onset_t, 0.5)
        cancelled = [e for _, e in caller.told("response.done", onset_t)
                     if e["response"]["status"] == "cancelled"]  # fmt: skip
        kept += not cancelled
        if silent_t is not None:
            silences.append(silent_t - onset_t)
        if args.trace:
            print(f"{sound.name!r}: silent after {silences[-1:]} s", file=sys.stderr)
        await _hush(caller)
    return {
        "onset_to_silence_s": spread(silences), "not_cancelled": kept, "silent_anyway": missed,
    }  # fmt: skip


async def _hush(caller: Caller) -> None:
    for _ in range(3):
        if len(caller.told("response.created", 0)) > len(caller.told("response.done", 0)):
            caller.send(type="response.cancel")
        await caller.until_quiet(0.8, 5.0)


async def measure_sounds(caller: Caller, made: list[Sound], args: Any) -> dict[str, Any]:
    """Make noises and back-channels while long replies are spoken."""
    order = list(made)
    found: list[dict[str, Any]] = []
    while order:
        asked_t = time.monotonic()
        caller.ask_typed("Tell me a long story.")
        if await caller.until_onset(asked_t, WAIT_S) is None:
            break
        await asyncio.sleep(0.8)
        while order:
            sound = order.pop()
            onset_t, end_t = await caller.microphone.say(sound)
            await asyncio.sleep(max(0.0, end_t - time.monotonic()) + 2.6)
            done = caller.told("response.done", onset_t)
            status = done[0][1]["response"]["status"] if done else "in_progress"
            found.append({
                "name": sound.name, "kind": sound.kind, "made": sound.made,
                "abandoned": status == "cancelled",
                "hiccup": bool(caller.told("omnilive.paused", onset_t)),
                "counts": status != "completed",
            })  # fmt: skip
            if args.trace:
                print(json.dumps(found[-1]), file=sys.stderr)
            if status == "completed":
                order.append(sound)  # the reply ended meanwhile: once more
            if done:
                break
        await _hush(caller)
    counted = [f for f in found if f["counts"]]
    kinds = sorted({f["kind"] for f in counted})
    return {
        kind: {
            "n": sum(f["kind"] == kind for f in counted),
            "abandoned": sum(f["abandoned"] for f in counted if f["kind"] == kind),
            "hiccups": sum(f["hiccup"] for f in counted if f["kind"] == kind),
            "abandoned_by": sorted(
                f["name"] for f in counted if f["kind"] == kind and f["abandoned"]
            ),
        }
        for kind in kinds
    }


async def run(address: str, clip: Path, args: Any, measure: Any) -> Any:
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        reply = await http.post("/v1/sessions", json={"id": "voice"})
        assert reply.status_code == 201, reply.text
        caller = Caller(args.seed, clip)
        try:
            await caller.call(http, "voice")
            await asyncio.sleep(SETTLE_S)
            return await measure(caller)
        finally:
            await caller.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--interruptions", type=int, default=30)
    parser.add_argument("--sounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="1 is for tuning, 2 for the figures")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--trace", action="store_true", help="tell each turn on stderr")
    args = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip, voice = Path(folder) / "clip.h264", Synthesis()
        encode(clip, SHARED / "videos" / "bottles.mp4", 10)
        if args.turns:
            said = turns(args.turns, args.seed, voice)
            with server({}, args.set) as address:
                figures |= asyncio.run(
                    run(address, clip, args, lambda caller: measure_turns(caller, said, args))
                )
        if args.interruptions or args.sounds:
            cuts = interruptions(args.interruptions, args.seed, voice)
            made = sounds(args.sounds, args.seed, voice)

            async def both(caller: Caller) -> dict[str, Any]:
                return {
                    "interruptions": await measure_interruptions(caller, cuts, args),
                    "sounds_while_it_speaks": await measure_sounds(caller, made, args),
                }

            scripted = {"reasoning": {"backend": "scripted", "script": [LONG] * 400}}
            with server(scripted, args.set) as address:
                figures |= asyncio.run(run(address, clip, args, both))
    settings = {
        "turns": args.turns, "seed": args.seed, "set": args.set, "recipe": "default",
        "settle_s": SETTLE_S,
        "pictures": "1280x720, 30 a second", "load_average": os.getloadavg(),
    }  # fmt: skip
    report("voice" if not args.set else "voice-variant", settings, figures)


if __name__ == "__main__":
    main()
