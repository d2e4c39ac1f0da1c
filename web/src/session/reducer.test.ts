import { expect, test } from "vitest";

import type { SessionEvent } from "../api/types";
import { answer, moment, session, source, speech } from "./fakes";
import { reduce } from "./reducer";
import { emptyState, PERCEPTS_KEPT, type Action, type SessionState } from "./state";

const opened: Action = {
  type: "opened",
  session: session(),
  sources: [source()],
  moments: [moment(1, 0), moment(2, 5)],
  complete: true,
};

function after(...actions: Action[]): SessionState {
  return actions.reduce(reduce, reduce(emptyState, opened));
}

function log(...events: SessionEvent[]): Action[] {
  return events.map((event) => ({ type: "event", event }));
}

test("a partial caption is replaced, then settles", () => {
  const first = speech("the", 20, { final: false, data: { id: "u1" } });
  const second = speech("the parcel", 20, { final: false, data: { id: "u1" } });
  const growing = after(...log(first, second));
  expect(growing.partials.map((partial) => partial.text)).toEqual(["the parcel"]);
  expect(growing.percepts).toEqual([]);

  const settled = reduce(growing, {
    type: "event",
    event: speech("The parcel is here.", 20, { seq: 11, data: { id: "u1" } }),
  });
  expect(settled.partials).toEqual([]);
  expect(settled.percepts.map((percept) => percept.text)).toEqual(["The parcel is here."]);
});

test("partials of two speakers live side by side", () => {
  const state = after(
    ...log(
      speech("one", 20, { final: false, data: { id: "a" } }),
      speech("two", 21, { final: false, data: { id: "b" } }),
    ),
  );
  expect(state.partials).toHaveLength(2);
});

test("percepts are bounded", () => {
  const events = Array.from({ length: PERCEPTS_KEPT + 5 }, (_, at) =>
    speech(`w${at}`, at, { seq: at + 1 }),
  );
  const { percepts } = after(...log(...events));
  expect(percepts).toHaveLength(PERCEPTS_KEPT);
  expect(percepts.at(-1)?.text).toBe(`w${PERCEPTS_KEPT + 4}`);
});

test("a new moment gathers the facts heard before and after it", () => {
  const event: SessionEvent = {
    type: "moment",
    seq: 12,
    t: 26,
    id: 3,
    start_s: 20,
    end_s: 26,
    text: "door",
    keyframe: "keyframes/3.jpg",
  };
  const { moments } = after(
    ...log(
      speech("Hello.", 21, { seq: 11 }),
      event,
      speech("Late.", 24, { seq: 13 }),
      speech("Elsewhere.", 30, { seq: 14 }),
    ),
  );
  expect(moments.map((known) => known.id)).toEqual([1, 2, 3]);
  expect(moments[2]?.facts.map((fact) => fact.text)).toEqual(["Hello.", "Late."]);
});

test("a moment that is told again keeps its facts and is not doubled", () => {
  const known = moment(2, 5, {
    facts: [{ id: 7, kind: "text", start_s: 5, end_s: 6, text: "EXIT" }],
  });
  const state = reduce(emptyState, { ...opened, moments: [moment(1, 0), known] });
  const { moments } = reduce(state, {
    type: "event",
    event: { ...moment(2, 5, { end_s: 14 }), type: "moment", seq: 12, t: 14 },
  });
  expect(moments).toHaveLength(2);
  expect(moments[1]).toMatchObject({ end_s: 14, facts: known.facts });
});

test("earlier moments go in front, once", () => {
  const { moments, complete } = after({
    type: "earlier",
    moments: [moment(9, -5), moment(1, 0)],
    complete: true,
  });
  expect(moments.map((known) => known.id)).toEqual([9, 1, 2]);
  expect(complete).toBe(true);
});

test("an answer that arrives twice is kept once, whichever way comes first", () => {
  const asked: Action = { type: "asked", key: "k", question: "When?", asOf_s: null };
  const reply: Action = { type: "answered", key: "k", answer: answer("When?") };
  const logged = log({ ...answer("When?"), seq: 20 });
  for (const order of [
    [asked, reply, ...logged],
    [asked, ...logged, reply],
  ]) {
    const { exchanges } = after(...order);
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]?.answer?.text).toBe("At 0:12.");
  }
});

test("an answer given to somebody else is shown too", () => {
  const { exchanges } = after(...log({ ...answer("Who?"), seq: 20 }));
  expect(exchanges.map((exchange) => exchange.question)).toEqual(["Who?"]);
});

test("a question that fails says why and stays", () => {
  const { exchanges } = after(
    { type: "asked", key: "k", question: "When?", asOf_s: 4 },
    { type: "ask-failed", key: "k", message: "model missing" },
  );
  expect(exchanges).toMatchObject([
    { key: "k", question: "When?", asOf_s: 4, answer: null, error: "model missing" },
  ]);
});

test("it is remembered since when a source is in its state", () => {
  const lost = (t: number): SessionEvent => ({
    type: "health",
    seq: 30 + t,
    t,
    source: 1,
    state: "reconnecting",
    detail: "timeout",
  });
  const state = after(...log(lost(40), lost(45)));
  expect(state.since_s[1]).toEqual({ state: "reconnecting", t: 40 });
  // The log may tell of old times: how the source is now, only the server says.
  expect(state.sources[0]?.state).toBe("live");
});

test("a thing still in view is a fact at once, and updated when it leaves", () => {
  const seen = (part: object): SessionEvent => ({
    ...speech("person appeared", 2, { id: 70, kind: "object" }),
    ...part,
  });
  const state = after(
    ...log(
      { type: "moment", seq: 10, t: 26, id: 3, start_s: 20, end_s: 26, text: "", keyframe: null },
      seen({ seq: 11, start_s: 21, final: false }),
      seen({ seq: 15, start_s: 21, end_s: 40, text: "person", final: true }),
    ),
  );
  expect(state.partials).toEqual([]);
  expect(state.percepts).toHaveLength(1);
  expect(state.moments[2]?.facts).toMatchObject([{ id: 70, text: "person", end_s: 40 }]);
});

test("gaps are kept, and the newest second only grows", () => {
  const state = after(
    ...log({ type: "gap", seq: 11, t: 75, start_s: 70, end_s: 75, reason: "stream cut" }),
    { type: "session", session: session({ duration_s: 61 }) },
    { type: "sources", sources: [source({ position_s: 80 })] },
  );
  expect(state.gaps).toEqual([{ start_s: 70, end_s: 75, reason: "stream cut" }]);
  expect(state.edge_s).toBe(80);
});
