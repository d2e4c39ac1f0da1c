"""Time stamps of several streams in, seconds that only grow out: the one place for `pts`."""

from dataclasses import dataclass

JITTER_S = 0.5  # a step back of at most this is a wrong stamp, not a new start
JUMP_S = 10.0  # a step forward beyond this is a hole or a new start
SYNC_S = 1.0  # two streams that jump this close together share one shift


@dataclass(frozen=True, slots=True)
class Hole:
    """Nothing was stamped from `t` to `end_t` seconds of stream time."""

    t: float
    end_t: float
    reason: str


@dataclass(slots=True)
class _Track:
    t: float  # start of the last frame
    next_t: float  # where the next frame is expected
    shift_s: float  # added to the stream's own seconds


class Timeline:
    """Maps stamps to stream time that never runs backwards.

    With `rebase_jumps` (formats whose stamps may restart, such as MPEG-TS) a forward jump is
    closed up too; other formats keep their own time, so that it agrees with every player.
    """

    def __init__(self, start_s: float | None, rebase_jumps: bool) -> None:
        self._start_s = start_s
        self._rebase_jumps = rebase_jumps
        self._tracks: dict[str, _Track] = {}

    def place(
        self, track: str, stamp_s: float | None, duration_s: float
    ) -> tuple[float, Hole | None]:
        """Return the frame's stream time, and the hole before it if there is one."""
        state = self._tracks.get(track)
        if self._start_s is None:
            self._start_s = stamp_s or 0.0
        if state is None:
            state = self._tracks[track] = self._first(stamp_s)
        t, hole = self._next(state, stamp_s)
        state.t, state.next_t = t, t + duration_s
        return t, hole

    def _first(self, stamp_s: float | None) -> _Track:
        assert self._start_s is not None
        shift_s = -self._start_s
        t = 0.0 if stamp_s is None else max(0.0, stamp_s + shift_s)
        return _Track(t, t, shift_s)

    def _next(self, state: _Track, stamp_s: float | None) -> tuple[float, Hole | None]:
        if stamp_s is None:
            return state.next_t, None
        t = stamp_s + state.shift_s
        if t < state.t - JITTER_S:
            state.shift_s = self._new_shift(state, stamp_s)
            return max(state.t, stamp_s + state.shift_s), None
        # The other streams count too: sound may rest for minutes while the picture goes on.
        known = max(state.next_t, *(other.next_t for other in self._tracks.values()))
        if t > known + JUMP_S:
            return self._jump(state, stamp_s, known)
        return max(state.t, t), None

    def _jump(self, state: _Track, stamp_s: float, known: float) -> tuple[float, Hole]:
        t = stamp_s + state.shift_s
        jump_s = t - known
        if not self._rebase_jumps:
            return t, Hole(known, t, f"the file has nothing for {jump_s:.1f} s")
        state.shift_s = self._new_shift(state, stamp_s)
        t = max(state.t, stamp_s + state.shift_s)
        return t, Hole(known, max(known, t), f"time stamps jump forward by {jump_s:.1f} s")

    def _new_shift(self, state: _Track, stamp_s: float) -> float:
        for other in self._tracks.values():
            # Taking over the shift of the stream that jumped first keeps the two in step.
            if other is not state and abs(stamp_s + other.shift_s - state.next_t) < SYNC_S:
                return other.shift_s
        return state.next_t - stamp_s
