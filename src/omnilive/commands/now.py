"""What is perceived at this moment, gathered from log lines: the model behind the live view."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omnilive.commands.words import event_line

EVENTS = 8
CAPTIONS = 3


@dataclass(slots=True)
class Now:
    """Feed it log lines; read its fields. Bounded, however long the stream runs."""

    picture: str = ""
    caption: str = ""  # the sentence being spoken; it grows, then moves to `captions`
    state: str = ""  # of the source, when it is not simply running
    captions: deque[str] = field(default_factory=lambda: deque(maxlen=CAPTIONS))
    events: deque[str] = field(default_factory=lambda: deque(maxlen=EVENTS))
    objects: dict[str, str] = field(default_factory=dict[str, str])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    sounds: dict[str, str] = field(default_factory=dict[str, str])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    _shown: set[str] = field(default_factory=set[str])

    def take(self, line: Mapping[str, Any]) -> None:
        """Take note of one line."""
        if line["type"] == "percept":
            self._percept(line)
        elif line["type"] == "health":
            calm = line["state"] in ("live", "ended")
            self.state = "" if calm else f"{line['state']} {line['detail']}".strip()
        is_speech = line["type"] == "percept" and line["kind"] == "speech"
        if not is_speech and (text := event_line(line, self._shown)):
            self.events.append(text)

    def _percept(self, line: Mapping[str, Any]) -> None:
        data = line.get("data", {})
        id, text = str(data.get("id", "")), line["text"]
        if line["kind"] == "speech":
            self.caption = "" if line["final"] else text
            if line["final"] and text:
                self.captions.append(text)
        elif line["kind"] == "object":
            where = data.get("position")
            self._keep(self.objects, id, f"{text} ({where})" if where else text, line)
        elif line["kind"] == "text":
            self._keep(self.texts, id, text, line)
        elif line["kind"] == "sound":
            self._keep(self.sounds, id, text, line)
        elif "tag" in data:
            self._keep(self.tags, id, text, line)
        elif line["kind"] == "scene":
            self.picture = text

    def _keep(self, present: dict[str, str], id: str, text: str, line: Mapping[str, Any]) -> None:
        if line["final"]:
            present.pop(id, None)
        else:
            present[id] = text
