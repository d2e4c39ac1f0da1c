import { expect, test } from "vitest";

import type { AssistantTurn, SessionEvent, UserTurn } from "../api/types";
import { answer } from "./fakes";
import { splitHeard } from "./spoken";
import { reduce } from "./reducer";
import { emptyState, type SessionState } from "./state";
import { steps } from "./latency";

function userTurn(text: string, part: Partial<UserTurn> = {}): UserTurn {
  const span = { t: 10, start_s: 8, end_s: 10 };
  return {
    type: "turn",
    role: "user",
    text,
    spoken: true,
    line: "a",
    addressed: true,
    ...span,
    ...part,
  };
}

function said(text: string, part: Partial<AssistantTurn> = {}): AssistantTurn {
  const span = { t: 14, start_s: 11, end_s: 14 };
  return {
    type: "turn",
    role: "assistant",
    text,
    full_text: text,
    spoken: true,
    line: "a",
    interrupted: false,
    answer: null,
    latency: null,
    ...span,
    ...part,
  };
}

function after(...events: SessionEvent[]): SessionState {
  return events.reduce((state, event) => reduce(state, { type: "event", event }), emptyState);
}

test("a spoken turn is one exchange: the turn, its answer, and how it was said", () => {
  const { exchanges } = after(
    userTurn("Where is it?", { seq: 1 }),
    { ...answer("Where is it?"), seq: 2 },
    said("At 0:12.", { seq: 3, answer: 2 }),
  );
  expect(exchanges).toMatchObject([
    { question: "Where is it?", spoken: true, answerSeq: 2, reply: { heard: "At 0:12." } },
  ]);
});

test("the answer may be to fewer words than were said", () => {
  const { exchanges } = after(userTurn("Omni, where is it?", { seq: 1 }), {
    ...answer("Where is it?"),
    seq: 2,
  });
  expect(exchanges).toMatchObject([{ question: "Omni, where is it?", answerSeq: 2 }]);
});

test("a typed question in a call is not told twice", () => {
  const asked = reduce(emptyState, { type: "asked", key: "k", question: "When?", asOf_s: null });
  const events: SessionEvent[] = [
    userTurn("When?", { seq: 1, spoken: false }),
    { ...answer("When?"), seq: 2 },
    said("At 0:12.", { seq: 3, answer: 2 }),
  ];
  const state = events.reduce((now, event) => reduce(now, { type: "event", event }), asked);
  expect(state.exchanges).toMatchObject([{ key: "k", spoken: false, answerSeq: 2 }]);
  expect(state.exchanges[0]?.reply).not.toBeNull();
});

test("the turn may be logged after its answer, and after how it was said", () => {
  const events: SessionEvent[] = [
    { ...answer("Where is it?", { t: 12 }), seq: 1 },
    said("At 0:12.", { seq: 2, answer: 1, interrupted: true }),
    userTurn("Where is it?", { seq: 3 }),
  ];
  const { exchanges } = after(...events);
  expect(exchanges).toMatchObject([{ spoken: true, answerSeq: 1, reply: { interrupted: true } }]);
});

test("the same question an hour later is another turn", () => {
  const { exchanges } = after(
    { ...answer("Where is it?", { t: 12 }), seq: 1 },
    userTurn("Where is it?", { seq: 2, start_s: 3600, end_s: 3602, t: 3603 }),
  );
  expect(exchanges).toHaveLength(2);
});

test("two questions in a row each get their own answer", () => {
  const { exchanges } = after(
    userTurn("One?", { seq: 1 }),
    userTurn("Two?", { seq: 2 }),
    { ...answer("Two?", { text: "B" }), seq: 3 },
    { ...answer("One?", { text: "A" }), seq: 4 },
  );
  expect(exchanges.map(({ answer: given }) => given?.text)).toEqual(["A", "B"]);
});

test("talk between people is no part of the dialogue", () => {
  expect(after(userTurn("Pass the salt", { seq: 1, addressed: false })).exchanges).toEqual([]);
});

test("an interruption before anything was said leaves the question", () => {
  const { exchanges } = after(
    userTurn("Where?", { seq: 1 }),
    said("", { seq: 2, interrupted: true, full_text: "In the drawer." }),
  );
  expect(exchanges).toMatchObject([
    { question: "Where?", reply: { interrupted: true, heard: "" } },
  ]);
});

test("what is said unasked stands alone", () => {
  const { exchanges } = after(said("The kettle boils.", { seq: 5 }));
  expect(exchanges).toMatchObject([{ question: "", reply: { full: "The kettle boils." } }]);
});

test("what was heard is cut from what was not", () => {
  expect(splitHeard("One two. Three four.", "One two.")).toEqual(["One two.", "Three four."]);
  expect(splitHeard("One, two. Three.", "One two.")).toEqual(["One two.", "Three."]);
  expect(splitHeard("One two.", "")).toEqual(["", "One two."]);
});

test("the steps of a turn follow each other, and leave out what did not happen", () => {
  const latency = {
    end_of_turn_s: 0.4,
    transcript_s: 0.3,
    recall_s: null,
    first_text_s: 0.9,
    first_audio_s: 1.1,
    total_s: 2,
  };
  expect(steps(latency).map(({ name, start_s }) => [name, start_s])).toEqual([
    ["transcript", 0],
    ["end_of_turn", 0.3],
    ["first_text", 0.4],
    ["first_audio", 0.9],
    ["total", 1.1],
  ]);
});

test("forgetting takes away what lies in the span, and nothing beside it", () => {
  const percept = (start_s: number): SessionEvent => ({
    type: "percept",
    kind: "speech",
    t: start_s + 1,
    seq: start_s,
    start_s,
    end_s: start_s + 1,
    text: `at ${start_s}`,
    confidence: 1,
    final: true,
  });
  const { percepts, forgotten } = after(percept(1), percept(5), percept(9), {
    type: "forgotten",
    t: 10,
    seq: 20,
    start_s: 4,
    end_s: 7,
  });
  expect(percepts.map(({ text }) => text)).toEqual(["at 1", "at 9"]);
  expect(forgotten).toBe(1);
});
