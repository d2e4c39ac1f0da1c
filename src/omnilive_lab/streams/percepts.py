"""Makes percepts as perception makes them: the same kinds, wordings, ids and data."""

from dataclasses import dataclass, field, replace
from random import Random

from omnilive.core.events import Event, Keyframe, Kind, Percept
from omnilive_lab.streams.base import pick

WORD_CS, SIGN_CS = 34, 25  # how long a word, and a Chinese sign, takes to say, in 1/100 s
PLACES = ("left", "centre", "right")
_BOXES = tuple(
    (place, [x, y, round(x + 0.2, 3), round(y + 0.35, 3)])
    for place, xs in (("left", (0.02, 0.12)), ("centre", (0.4, 0.45)), ("right", (0.68, 0.76)))
    for x in xs
    for y in (0.1, 0.3, 0.45)
)


@dataclass(slots=True)
class Maker:
    """Numbers what it makes; `events` are (time, number, event), to be sorted."""

    rng: Random
    number: int = 0
    jpegs: tuple[bytes, ...] = ()  # for keyframes; none: there are no keyframes
    events: list[tuple[float, int, Event]] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Take one event into the list."""
        self.number += 1
        self.events.append((event.t, self.number, event))

    def keyframe(self, t: float, is_cut: bool = False) -> None:
        """Keep a picture, if pictures are wanted."""
        if self.jpegs or is_cut:
            jpeg = pick(self.rng, self.jpegs) if self.jpegs else b""
            self.add(Keyframe(t=t, jpeg=jpeg, is_cut=is_cut))

    def thing(
        self, label: str, colour: str, start_s: float, end_s: float, flickers: int = 0,
        *, near: bool = False,
    ) -> None:  # fmt: skip
        """Let an object come and go, out of sight for a moment a few times; or held `near`."""
        rng = self.rng
        first, box = ("centre", [0.28, 0.2, 0.72, 0.9]) if near else pick(rng, _BOXES)
        last, last_box = pick(rng, _BOXES) if rng.random() < 0.3 else (first, box)
        self.number += 1
        data = {
            "id": f"object{self.number}", "event": "appeared", "hidden": False, "label": label,
            "colour": colour, "position": first, "first_position": first, "box": box, "visible": 1,
        }  # fmt: skip
        text = f"{label} in {colour}" if label == "person" else f"{colour} {label}"
        score = 0.5 + 0.49 * rng.random()
        self.add(Percept(
            t=start_s, kind="object", start_s=start_s, end_s=start_s, text=text, confidence=score,
            final=False, data=data,
        ))  # fmt: skip
        self.keyframe(start_s)
        length_s = end_s - start_s
        for i in range(flickers):
            gone = start_s + length_s * (i + 0.3) / (flickers + 0.5)
            for t, event in ((gone, "out of sight"), (gone + 0.2 * length_s / flickers, "back")):
                self.add(Percept(
                    t=t, kind="object", start_s=start_s, end_s=t, text=text, confidence=score,
                    final=False, data={**data, "event": event, "hidden": event != "back"},
                ))  # fmt: skip
        self.add(Percept(
            t=end_s, kind="object", start_s=start_s, end_s=end_s, text=text, confidence=score,
            final=True, data={**data, "event": "left", "position": last, "box": last_box},
        ))  # fmt: skip

    def said(self, text: str, start_s: float, language: str = "en") -> float:
        """Let somebody say a sentence; return when it is over."""
        self.number += 1
        parts = text.split() if language != "zh" else text
        one = WORD_CS if language != "zh" else SIGN_CS
        first = int(start_s * 100)
        words = [
            {"w": w, "s": (first + i * one) / 100, "e": (first + i * one + one) / 100}
            for i, w in enumerate(parts)
        ]
        end_s = (first + len(parts) * one) / 100
        self.add(Percept(
            t=end_s + 0.6, kind="speech", start_s=first / 100, end_s=end_s, text=text,
            confidence=0.6 + 0.39 * self.rng.random(),
            data={"id": f"speech{self.number}", "language": language, "words": words},
        ))  # fmt: skip
        return end_s

    def written(self, text: str, start_s: float, end_s: float) -> None:
        """Show a text."""
        self._while("text", text, start_s, end_s, {"event": "appeared"}, {"event": "gone"})

    def heard(self, text: str, start_s: float, end_s: float) -> None:
        """Let a sound last."""
        self._while("sound", text, start_s, end_s, {"event": "began"}, {"event": "ended"})

    def tagged(self, tag: str, start_s: float, end_s: float) -> None:
        """Let the picture look like something."""
        data = {"tag": tag, "names": [tag]}
        self._while("scene", f"looks like {tag}", start_s, end_s, data, data)

    def scene(self, colours: tuple[str, ...], t: float, before: Percept | None) -> Percept:
        """Cut to a picture in these colours, which ends the scene before it; return the new one."""
        if before is not None:
            self.add(replace(before, t=t, end_s=t, final=True))
        self.number += 1
        now = Percept(
            t=t, kind="scene", start_s=t, end_s=t, text="picture in " + " and ".join(colours),
            confidence=1.0, final=False,
            data={"id": f"scene{self.number}", "palette": list(colours), "cut": t > 0},
        )  # fmt: skip
        self.add(now)
        self.keyframe(t, is_cut=True)
        return now

    def _while(
        self, kind: Kind, text: str, start_s: float, end_s: float,
        first: dict[str, object], last: dict[str, object],
    ) -> None:  # fmt: skip
        self.number += 1
        name = "tag" if "tag" in first else kind
        id = {"id": f"{name}{self.number}"}
        score = 0.6 + 0.39 * self.rng.random()
        self.add(Percept(
            t=start_s, kind=kind, start_s=start_s, end_s=start_s, text=text, confidence=score,
            final=False, data={**id, **first},
        ))  # fmt: skip
        self.add(Percept(
            t=end_s, kind=kind, start_s=start_s, end_s=end_s, text=text, confidence=score,
            final=True, data={**id, **last},
        ))  # fmt: skip
