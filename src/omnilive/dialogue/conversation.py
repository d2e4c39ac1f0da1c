"""Who speaks when, on one line: voices and transcripts in, turns and spoken answers out.

Everything is called on the event loop and returns at once. LISTENING: no response; THINKING:
a response without sound yet; SPEAKING. A response is known by its generation: what an older one
still has to say is dropped.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from omnilive.core.clock import Clock
from omnilive.core.events import Percept
from omnilive.dialogue.alarm import Alarm
from omnilive.dialogue.base import (
    Brain,
    Ears,
    EndOfTurn,
    Forgot,
    Message,
    Mouth,
    Output,
    Paused,
    ResponseDone,
    Resumed,
    SpeechStarted,
    SpeechStopped,
    Tell,
    Transcript,
    TranscriptDelta,
    Turn,
    TurnCommitted,
)
from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.gate import CALLED, decide, is_remark, words_of
from omnilive.dialogue.interruption import Kind, is_meant, judge
from omnilive.dialogue.notes import Notes
from omnilive.dialogue.response import POLL_S, Request, Response
from omnilive.dialogue.turns import Part, Said, Turns, number_of, outside
from omnilive.perception.audio.voice import Voice

WAITING = 20  # things to be said unasked, at most: then the newest is dropped
ECHO_S = 1.5  # how late the assistant's own voice may come back
REPLY_S = 20.0  # what is said this soon after a question of the assistant's answers it
ENDLESS = 3  # a voice without words is waited for this many times `decide_s`
SENTENCE_S = 0.5  # speech after the pause from which it is more than a "mm-hm" or a noise
State = Literal["listening", "thinking", "speaking"]


class Conversation:
    """One line's dialogue. `close` ends it; a closed one does nothing any more."""

    def __init__(
        self,
        config: DialogueConfig,
        brain: Brain,
        output: Output,
        voice: Mouth | None,
        end_of_turn: EndOfTurn | None,
        ears: Ears,
        tell: Tell,
        clock: Clock,
        line: str,
    ) -> None:
        self.config, self.line = config, line
        self.dropped = 0  # things to be said unasked that never were
        self._brain, self._output, self._mouth, self._judge = brain, output, voice, end_of_turn
        self._ears, self._tell, self._clock = ears, tell, clock
        self._turns = Turns(config)
        self._notes = Notes(brain, clock)
        self._response: Response | None = None
        self._running: asyncio.Task[None] | None = None
        self._generation = 0
        self._held_t = self._quiet_t = -1e9  # since when it is held; since when nobody speaks
        self._is_soft = False  # its own voice comes back: fall silent only for words
        self._echo_from_s = 0.0  # seconds of the response at which the present voice began
        self._last_words: tuple[float, list[str]] = (-1e9, [])  # when it ended, what it said
        self._echoes: deque[int] = deque(maxlen=50)  # utterances that were its own voice
        self._was_asked = False
        self._unnoted: Turn | None = None  # a question whose answer was cut off before a word
        self._pending: Said | None = None  # committed, answered when that is asked for
        self._wanted: Request | None = None  # a response to what is being committed
        self._brief = Request(reason="turn", asked_t=0.0)  # what every spoken turn is made of
        self._say: deque[Request] = deque()
        self._tasks = set[asyncio.Task[Any]]()
        self._alarm = Alarm(clock, self._advance)
        self._closed = False

    @property
    def state(self) -> State:
        """What the assistant is doing."""
        if self._response is None:
            return "listening"
        return "speaking" if self._response.is_audible else "thinking"

    # what is heard

    def on_voice(self, voice: Voice) -> None:
        """Someone began to speak, paused, went on or finished."""
        if self._closed:
            return
        now, said = self._ears.now_t, voice.utterance
        if voice.state == "began" and said is not None:
            self._tell(SpeechStarted(t=now, number=said.number, start_s=said.voiced_s))
        elif voice.state in ("paused", "ended") and said is not None and self._turns.speaking:
            self._tell(SpeechStopped(t=now, number=said.number, end_s=said.voiced_end_s))
        was_speaking = self._turns.speaking
        is_pause = self._turns.on_voice(voice, now)
        if self._turns.speaking:
            self._somebody_speaks(now, voice)
        elif was_speaking:
            self._quiet_t = now
            if voice.state == "ended" and voice.utterance is None:
                self._release()  # it was too short to be speech
        if is_pause and self._judge is not None and self.config.end_of_turn == "smart-turn":
            self._spawn(self._judged(self._turns.epoch))
        self._advance()

    def on_speech(self, heard: Percept) -> None:
        """Something was understood: so far, with care at a pause, or for good."""
        if self._closed:
            return
        now = self._ears.now_t
        part = self._turns.on_speech(heard, now)
        kind: Kind = self._kind_of(part) if part is not None else "real"
        language = str(heard.data.get("language", ""))
        number, text = number_of(heard), heard.text.strip()
        if part is not None:
            self._understood(kind, now)
        if heard.final:
            self._tell(
                Transcript(
                    t=now, number=number, text=text, language=language,
                    by_assistant=number in self._echoes,
                )
            )  # fmt: skip
        elif text:
            self._tell(TranscriptDelta(t=now, number=number, text=text))
        self._advance()

    # what is asked for by hand

    def commit(self) -> None:
        """End the user's turn now; it is answered by `respond`. TurnCommitted follows, with an
        empty text when nothing was said."""
        if not self._closed:
            self._turns.committing = True
            self._ears.end_utterance()

    def clear_input(self) -> None:
        """Forget what was said and not committed."""
        self._turns.drop()

    def respond(
        self,
        text: str | None = None,
        *,
        instructions: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        images: Sequence[bytes] = (),
        history: Sequence[Message] | None = None,
        speak: bool = True,
    ) -> None:
        """Answer a typed text, or (None) what was committed by hand, once it is understood."""
        if self._closed:
            return
        now = self._ears.now_t
        request = Request(
            reason="create" if text is None else "typed", asked_t=now, question=text or "",
            instructions=instructions, tools=tools, images=images, history=history, speak=speak,
        )  # fmt: skip
        if text is not None:
            self._start(request)
            return
        self._wanted = request
        if not self._turns.committing and not self._turns.asked:
            self._answer_wanted()

    def say(self, text: str, watch: str | None = None, urgent: bool = False) -> None:
        """Say something unasked in a quiet moment; an urgent one ends what is being said."""
        if self._closed or not text.strip():
            return
        request = replace(
            self._brief, reason="proactive", asked_t=self._ears.now_t, text=text, watch=watch
        )
        self._say.appendleft(request) if urgent else self._say.append(request)
        if len(self._say) > WAITING:
            self._say.pop()
            self.dropped += 1
        if urgent and not self._turns.speaking:
            self._stop()
        self._advance()

    def cancel(self, reason: str = "") -> None:
        """End the response, if there is one."""
        self._wanted = None
        self._stop(error=reason)
        self._advance()

    def truncate(self, heard_s: float) -> None:
        """The client played only this much: end the response there, or correct the last one."""
        if self._response is not None:
            self._stop(played_s=heard_s)
        else:
            self._notes.correct(heard_s)
        self._advance()

    def update(self, config: DialogueConfig) -> None:
        """Go on with other settings."""
        self.config = self._turns.config = config
        self._advance()

    def brief(
        self,
        *,
        instructions: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        speak: bool = True,
    ) -> None:
        """Set what goes along with every spoken turn, and whether anything is spoken."""
        self._brief = Request(
            reason="turn", asked_t=0.0, instructions=instructions, tools=tools, speak=speak
        )

    def forget(self, start_s: float, end_s: float) -> None:
        """Let go of what this call holds of a span that was forgotten.

        What is being said, or waits to be, may tell of it: that ends, and is noted nowhere.
        """
        if self._closed:
            return
        self._stop(error="what it rests on may have been forgotten")
        self._notes.drop()
        self._turns.forget(start_s, end_s)
        self._unnoted = outside(self._unnoted, start_s, end_s)
        self._pending = outside(self._pending, start_s, end_s)
        self._say.clear()
        self._last_words, self._was_asked = (-1e9, []), False
        self._tell(Forgot(t=self._ears.now_t, start_s=start_s, end_s=end_s))
        self._advance()

    async def close(self) -> None:
        """End the response and all work; what was said and heard is noted."""
        self._stop()
        if self._unnoted is not None:
            self._notes.add(self._unnoted)
        self._closed = True
        self._say.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._alarm.close()
        await self._notes.close()

    # interruption

    def _somebody_speaks(self, now: float, voice: Voice) -> None:
        response = self._response
        if response is None:
            return
        if voice.utterance is not None and voice.state == "began":
            since_s = now - voice.utterance.voiced_s
            self._echo_from_s = self._output.played_s - since_s - ECHO_S
        is_for_all = self.config.answer in ("always", "push_to_talk")
        if self.config.interrupt and is_for_all and not self._is_soft and not response.is_held:
            self._held_t = now
            response.hold()
            if response.is_audible:
                self._tell(Paused(t=now, generation=response.generation))

    def _kind_of(self, part: Part) -> Kind:
        """Judge what was understood while, or just after, the assistant spoke."""
        said: Sequence[str] = ()
        if self._response is not None:
            until_s = self._output.played_s + 0.5
            said = words_of(self._response.script.words_between(self._echo_from_s, until_s))
        elif part.start_s <= self._last_words[0] + ECHO_S:
            said = self._last_words[1]
        text = self._turns.fresh_text()
        kind = judge(text, part.confidence, said, self.config.backchannels)
        if kind == "real" and self._response is not None and not is_meant(text, self.config):
            return "backchannel"
        return kind

    def _understood(self, kind: Kind, now: float) -> None:
        if kind == "real":
            if self._response is not None and self.config.interrupt:
                self._stop()
            return
        if self._turns.speaking or self._turns.committing or self._turns.asked:
            return  # more may follow, or it is meant whatever it is
        if kind == "echo":
            self._is_soft = self._response is not None
            for number in self._turns.drop():
                self._echoes.append(number)
                self._ears.label_utterance(number, by="assistant")
        elif self._response is not None and self.config.interrupt:
            self._turns.drop()
        self._release()

    def _release(self) -> None:
        """Go on: it was no interruption."""
        response = self._response
        if response is not None and response.is_held:
            response.release()
            if response.is_audible:
                self._tell(Resumed(t=self._ears.now_t, generation=response.generation))

    def _held_until(self) -> float | None:
        """Return when a held response goes on although nothing was understood."""
        if self._response is None or not self._response.is_held:
            return None
        if self._turns.speaking:
            return self._held_t + ENDLESS * self.config.decide_s
        # A sentence was hardly a noise: its words are waited for longer, if the machine is slow.
        is_long = self._turns.end_s - self._held_t >= SENTENCE_S
        wait_s = self.config.decide_s * (ENDLESS if is_long else 1)
        return max(self._held_t, self._quiet_t) + wait_s

    # turns

    async def _judged(self, epoch: int) -> None:
        assert self._judge is not None
        probability = await self._judge.probability(self._turns.sound())
        self._turns.judged(epoch, probability, self._ears.now_t)
        self._advance()

    def _advance(self) -> None:
        """Do what is due now, and come back when something else will be."""
        if self._closed:
            return
        now = self._ears.now_t
        until = self._held_until()
        if until is not None and now >= until - 1e-3:
            self._is_soft = self._turns.speaking
            self._release()
        waits = self._response is not None and not self.config.interrupt and not self._turns.asked
        if not waits and (said := self._turns.take(now)) is not None:
            self._committed(said, now)
        self._speak_unasked(now)
        times = (None if waits else self._turns.due(), self._held_until(), self._quiet_at())
        due = min((t for t in times if t is not None), default=None)
        self._alarm.set(None if due is None else due - now)

    def _committed(self, said: Said, now: float) -> None:
        if not said.text and not said.asked:
            return
        follows_up = said.start_s <= self._last_words[0] + self.config.follow_up_s
        was_asked = self._was_asked and said.start_s <= self._last_words[0] + REPLY_S
        verdict = decide(said.text, self.config, follows_up=follows_up, was_asked=was_asked)
        is_meant = bool(said.text) and (said.asked or verdict.addressed)
        if is_meant:
            for number in said.numbers:
                self._ears.label_utterance(number, to="assistant")
        self._tell(
            TurnCommitted(
                t=now, text=said.text, utterance_numbers=said.numbers, start_s=said.start_s,
                end_s=said.end_s, addressed=is_meant,
            )
        )  # fmt: skip
        if said.asked:
            self._pending = said if said.text else None
            self._answer_wanted(is_empty=not said.text)
        elif is_meant:
            brief, question = self._brief, verdict.question
            is_free = not (was_asked or brief.instructions or brief.tools)
            request = replace(brief, asked_t=said.end_s, question=question, said=said)
            self._start(replace(request, is_remark=is_free and is_remark(question)))
        else:
            if verdict.reason == CALLED:
                self._last_words = (now, [])  # what follows needs no wake word
            self._turns.forget_last()
            self._pending = said if self.config.answer in ("off", "push_to_talk") else None
            self._notes.add(self._user_turn(said.text, said, addressed=False))

    def _answer_wanted(self, *, is_empty: bool = False) -> None:
        """Answer what was committed by hand, if an answer to it was asked for."""
        wanted, said = self._wanted, self._pending
        if wanted is None:
            return
        self._wanted = self._pending = None
        if said is not None and not is_empty:
            wanted = replace(wanted, asked_t=said.end_s, question=said.text, said=said)
        self._start(wanted)

    def _user_turn(self, text: str, said: Said | None, *, addressed: bool = True) -> Turn:
        now = self._ears.now_t
        return Turn(
            role="user", text=text, start_s=said.start_s if said else now,
            end_s=said.end_s if said else now, spoken=said is not None, line=self.line,
            addressed=addressed,
        )  # fmt: skip

    # responses

    def _start(self, request: Request) -> None:
        """Begin a response; the one before it is cancelled, whatever its state."""
        self._stop()
        if self._unnoted is not None and not (request.said is not None and request.said.joined):
            self._notes.add(self._unnoted)  # a joined turn holds it
        self._unnoted = None
        self._generation += 1
        response = Response(
            self._generation, request, self._brain, self._output, self._mouth, self._tell,
            self._clock, lambda: self._ears.now_t, self._notes.settled,
        )  # fmt: skip
        if request.said is not None:
            response.note("end_of_turn_s", request.said.judged_t)
            response.note("transcript_s", request.said.heard_t)
        if request.question:
            response.user_turn = self._user_turn(request.question, request.said)
            response.on_text = lambda: None if response.is_held else self._note_user(response)
            response.noted = lambda: self._noted(response)
        self._response, self._is_soft, self._echo_from_s = response, False, 0.0
        self._running = self._spawn(self._run(response))

    async def _run(self, response: Response) -> None:
        done = await response.run()
        if self._response is response:
            self._ended(response, done)
            self._advance()

    def _stop(self, *, played_s: float | None = None, error: str = "") -> None:
        """End the response now."""
        response, task = self._response, self._running
        if response is None:
            return
        done = response.stop(played_s, error)
        if task is not None:
            task.cancel()
        self._ended(response, done)

    def _ended(self, response: Response, done: ResponseDone) -> None:
        now = self._ears.now_t
        self._response = self._running = None
        self._tell(done)
        if done.heard:
            self._last_words = (now, words_of(done.heard)[-40:])
            self._was_asked = done.heard.rstrip().endswith("?")
        self._quiet_t = max(self._quiet_t, now)
        if done.status == "cancelled":
            self._unnoted = response.user_turn
        else:
            self._turns.forget_last()
            self._note_user(response)
        if not done.text:
            return
        turn = Turn(
            role="assistant", text=done.heard, start_s=now - self._output.played_s, end_s=now,
            spoken=response.is_audible, line=self.line,
            interrupted=done.status == "cancelled",
            answer=done.answer.seq if done.answer else None, latency=done.latency,
            full_text=done.text,
        )  # fmt: skip
        self._notes.hold(turn, response.script)

    async def _noted(self, response: Response) -> None:
        """Return when the question is in the log: not while it may still become another."""
        while response.is_held:
            await self._clock.sleep_until(self._clock.now() + POLL_S)
        self._note_user(response)
        await self._notes.settled()

    def _note_user(self, response: Response) -> None:
        turn, response.user_turn = response.user_turn, None
        if turn is not None:
            self._notes.add(turn)

    # unasked

    def _quiet_at(self) -> float | None:
        is_quiet = self._response is None and not (self._turns.speaking or self._turns.is_pending)
        if not self._say or not is_quiet:
            return None
        return self._quiet_t + self.config.quiet_s

    def _speak_unasked(self, now: float) -> None:
        at = self._quiet_at()
        if at is not None and now >= at - 1e-3:
            self._start(self._say.popleft())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
