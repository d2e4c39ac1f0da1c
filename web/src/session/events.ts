/** What one event of the log changes. */

import type { Alert, Fact, Moment, Percept, SessionEvent } from "../api/types";
import { exchangesAfterLogged, exchangesAfterTurn } from "./exchanges";
import { factOf, perceptKey, PERCEPTS_KEPT, type SessionState } from "./state";

type MomentEvent = Extract<SessionEvent, { type: "moment" }>;
type SourceEvent = Extract<SessionEvent, { type: "health" | "source" }>;

export function applyEvent(before: SessionState, event: SessionEvent): SessionState {
  const state = { ...before, edge_s: Math.max(before.edge_s, event.t) };
  switch (event.type) {
    case "percept":
      return event.seq === undefined ? withPartial(state, event) : withPercept(state, event);
    case "moment":
      return withMoment(state, event);
    case "gap": {
      const { start_s, end_s, reason } = event;
      return { ...state, gaps: [...state.gaps, { start_s, end_s, reason }] };
    }
    case "answer": {
      const { seq = null } = event;
      return { ...state, exchanges: exchangesAfterLogged(state.exchanges, event, seq) };
    }
    case "turn":
      return { ...state, exchanges: exchangesAfterTurn(state.exchanges, event) };
    case "alert":
      return {
        ...state,
        alerts: withAlert(state.alerts, event),
        watchesSeen: state.watchesSeen + 1,
      };
    case "watch":
      return { ...state, watchesSeen: state.watchesSeen + 1 };
    case "forgotten":
      return withoutSpan(state, event);
    case "health":
    case "source":
      return withSince(state, event);
    case "summary":
      return state;
  }
}

function withPartial(state: SessionState, percept: Percept): SessionState {
  return { ...state, partials: [...others(state.partials, percept), percept] };
}

function withPercept(before: SessionState, percept: Percept): SessionState {
  const partials = others(before.partials, percept);
  const percepts = [...others(before.percepts, percept), percept].slice(-PERCEPTS_KEPT);
  const state = { ...before, partials, percepts };
  const at = state.moments.findLastIndex((moment) => covers(moment, percept.start_s));
  const moment = state.moments[at];
  if (!moment) return state;
  const fact = factOf(percept);
  const known = moment.facts.some(({ id }) => id === fact.id);
  if (!known && !state.gathering.has(moment.id)) return state;
  return { ...state, moments: state.moments.with(at, withFacts(moment, [fact])) };
}

function others(percepts: Percept[], percept: Percept): Percept[] {
  const key = perceptKey(percept);
  return percepts.filter((other) => perceptKey(other) !== key);
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

/** Add facts; one that is known already is replaced by its newer version. */
function withFacts(moment: Moment, facts: Fact[]): Moment {
  const kept = moment.facts.filter(
    (known) => !facts.some((fact) => fact.id === known.id || same(known, fact)),
  );
  return { ...moment, facts: [...kept, ...facts].sort((a, b) => a.start_s - b.start_s) };
}

function same(a: Fact, b: Fact): boolean {
  return a.kind === b.kind && a.text === b.text && Math.abs(a.start_s - b.start_s) < 0.05;
}

/** How many alerts are kept at hand; older ones are asked for. */
const ALERTS_KEPT = 200;

function withAlert(alerts: Alert[], alert: Alert): Alert[] {
  const others = alerts.filter(({ seq }) => seq !== alert.seq);
  return [...others, alert].slice(-ALERTS_KEPT);
}

/** What was forgotten goes at once; the rest is asked for again, since the server may merge. */
function withoutSpan(
  state: SessionState,
  { start_s, end_s }: { start_s: number; end_s: number },
): SessionState {
  const apart = (span: { start_s: number; end_s: number }) =>
    span.end_s <= start_s || span.start_s >= end_s;
  return {
    ...state,
    moments: state.moments.filter(apart),
    percepts: state.percepts.filter(apart),
    partials: state.partials.filter(apart),
    alerts: state.alerts.filter(apart),
    forgotten: state.forgotten + 1,
  };
}

/** Note since when. The state itself is asked for (`useSession`): the log may tell of old times. */
function withSince(state: SessionState, event: SourceEvent): SessionState {
  const { source, state: entered, t } = event;
  // An event that names no source is about the newest one.
  const id = source ?? state.sources.at(-1)?.id;
  // Part of what perceives has failed; the source itself goes on as it was.
  if (entered === undefined || entered === "degraded" || id === undefined) return state;
  if (state.since_s[id]?.state === entered) return state;
  return { ...state, since_s: { ...state.since_s, [id]: { state: entered, t } } };
}
