"""A reply from its first token to its end, in the format that the model was trained with.

However a reply ends (end of sequence, the longest length, cancelled), its last token and the end
of sequence stand before whatever comes next, so the sequence stays well formed.
"""

from collections.abc import Iterator

from omnilive.live.base import Ended, LiveEvent, Said
from omnilive.live.policy import Policy
from omnilive.live.stream import Reply, Stream
from omnilive.live.template import Template
from omnilive.live.words import finished, fresh


class Replies:
    """Turns the tokens of a reply into events."""

    def __init__(self, template: Template, policy: Policy, max_reply_tok: int) -> None:
        self.template, self.policy, self.max_reply_tok = template, policy, max_reply_tok

    def take(self, stream: Stream, token: int) -> Iterator[LiveEvent]:
        """Take the next token of the reply in progress."""
        reply = stream.reply
        assert reply is not None
        if token != self.template.eos:
            reply.ids.append(token)
            stream.pending.append(token)
        text = self.template.text(reply.ids)
        if token == self.template.eos or len(reply.ids) >= self.max_reply_tok:
            yield from self._end(stream, reply, finished(text))
        else:
            yield from self._say(stream, reply, text)

    def cancel(self, stream: Stream) -> Iterator[LiveEvent]:
        """End the reply in progress; a remark of which nothing was said yet is undone unheard."""
        reply = stream.reply
        if reply is None:
            return
        if reply.query is None and not reply.sent:
            self._undo(stream, reply)
        else:
            yield self._close(stream, reply, reply.sent, cancelled=True)

    def _say(self, stream: Stream, reply: Reply, text: str) -> Iterator[LiveEvent]:
        is_held = reply.query is None and self.policy.may_be_kept_back(
            finished(text), reply.t, stream.policy
        )
        if not is_held and (delta := fresh(text, reply.sent)):
            reply.sent += delta
            yield Said(stream.id, reply.t, reply.query, reply.number, delta)

    def _end(self, stream: Stream, reply: Reply, text: str) -> Iterator[LiveEvent]:
        unsaid = reply.query is None and not reply.sent
        if unsaid and self.policy.is_kept_back(text, reply.t, stream.policy):
            stream.withheld += 1
            self._undo(stream, reply)
            return
        if delta := fresh(text, reply.sent):
            reply.sent += delta
            yield Said(stream.id, reply.t, reply.query, reply.number, delta)
        yield self._close(stream, reply, text)

    def _close(self, stream: Stream, reply: Reply, text: str, *, cancelled: bool = False) -> Ended:
        stream.pending.append(self.template.eos)
        stream.reply = None
        self.policy.ended(stream.now, text, stream.policy)
        return Ended(stream.id, reply.t, reply.query, reply.number, reply.sent, cancelled)

    def _undo(self, stream: Stream, reply: Reply) -> None:
        """Go back to behind the frame at which the remark began, as if it had been silent."""
        stream.length, stream.pending, stream.is_open = reply.start, [], True
        stream.reply = None
        self.policy.withheld(stream.now, stream.policy)
