/** What one event of the log changes. */

import type { Fact, Moment, Percept, SessionEvent } from "../api/types";
import { exchangesAfterLogged } from "./exchanges";
import { factOf, PERCEPTS_KEPT, type SessionState } from "./state";

type MomentEvent = Extract<SessionEvent, { type: "moment" }>;
type HealthEvent = Extract<SessionEvent, { type: "health" }>;

export function applyEvent(before: SessionState, event: SessionEvent): SessionState {
  const state = { ...before, edge_s: Math.max(before.edge_s, event.t) };
  switch (event.type) {
    case "percept":
      return event.final ? withFinal(state, event) : withPartial(state, event);
    case "moment":
      return withMoment(state, event);
    case "gap": {
      const { start_s, end_s, reason } = event;
      return { ...state, gaps: [...state.gaps, { start_s, end_s, reason }] };
    }
    case "answer": {
      const key = `log-${event.seq ?? event.t}`;
      return { ...state, exchanges: exchangesAfterLogged(state.exchanges, event, key) };
    }
    case "health":
      return withHealth(state, event);
    case "source":
    case "summary":
      // The page asks for the sources again: `useSession`.
      return state;
  }
}

function withPartial(state: SessionState, percept: Percept): SessionState {
  return { ...state, partials: [...others(state.partials, percept), percept] };
}

function withFinal(state: SessionState, percept: Percept): SessionState {
  const settled = {
    ...state,
    percepts: [...state.percepts, percept].slice(-PERCEPTS_KEPT),
    partials: others(state.partials, percept),
  };
  const at = settled.moments.findLastIndex((moment) => covers(moment, percept.start_s));
  const moment = settled.moments[at];
  if (!moment || !state.gathering.has(moment.id)) return settled;
  const moments = settled.moments.with(at, withFacts(moment, [factOf(percept)]));
  return { ...settled, moments };
}

function others(partials: Percept[], percept: Percept): Percept[] {
  return partials.filter((partial) => partial.data?.id !== percept.data?.id);
}

function withMoment(state: SessionState, event: MomentEvent): SessionState {
  const { id, start_s, end_s, text, keyframe } = event;
  const at = state.moments.findIndex((moment) => moment.id === id);
  const known = state.moments[at];
  if (known && !state.gathering.has(id)) {
    // Loaded with its facts: the log can only have made it longer or reworded it.
    const moments = state.moments.with(at, { ...known, start_s, end_s, text, keyframe });
    return { ...state, moments };
  }
  const bare = { id, start_s, end_s, text, keyframe, facts: known?.facts ?? [] };
  const inside = state.percepts.filter((percept) => covers(bare, percept.start_s));
  const moment = withFacts(bare, inside.map(factOf));
  return {
    ...state,
    moments: known ? state.moments.with(at, moment) : insert(state.moments, moment),
    gathering: new Set(state.gathering).add(id),
  };
}

function covers(moment: Moment, t: number): boolean {
  return moment.start_s <= t && t < moment.end_s;
}

function insert(moments: Moment[], moment: Moment): Moment[] {
  const after = moments.findLastIndex((other) => other.start_s <= moment.start_s);
  return moments.toSpliced(after + 1, 0, moment);
}

function withFacts(moment: Moment, facts: Fact[]): Moment {
  const fresh = facts.filter(
    (fact) => !moment.facts.some((known) => known.id === fact.id || same(known, fact)),
  );
  if (fresh.length === 0) return moment;
  const all = [...moment.facts, ...fresh].sort((a, b) => a.start_s - b.start_s);
  return { ...moment, facts: all };
}

function same(a: Fact, b: Fact): boolean {
  return a.kind === b.kind && a.text === b.text && Math.abs(a.start_s - b.start_s) < 0.05;
}

function withHealth(state: SessionState, event: HealthEvent): SessionState {
  const { source, state: entered, t } = event;
  if (entered === undefined) return state;
  // A health event that names no source is about the newest one.
  const id = source ?? state.sources.at(-1)?.id;
  if (id === undefined) return state;
  const before = state.since_s[id];
  const since_s = before?.state === entered ? before : { state: entered, t };
  return {
    ...state,
    since_s: { ...state.since_s, [id]: since_s },
    sources: state.sources.map((known) =>
      known.id === id ? { ...known, state: entered, detail: event.detail ?? "" } : known,
    ),
  };
}
