"""Made-up streams: days of the life of a place as perception would tell it, and what to ask of it.

`stream` yields the events that the Ledger takes; `plant` hides needles in them and says what to
ask. All of it follows from the seed alone.
"""

from omnilive_lab.streams.base import Needle, Question
from omnilive_lab.streams.life import stream
from omnilive_lab.streams.needles import plant

__all__ = ["Needle", "Question", "plant", "stream"]
