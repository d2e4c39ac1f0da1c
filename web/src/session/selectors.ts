/** Questions asked of the state: what to show at a time `t`. */

import type { Fact, Kind, Moment, Percept, Source } from "../api/types";
import { factOf, perceptKey, type Gap } from "./state";

/** The kinds a person can filter by. */
export const FILTERS = ["speech", "object", "text", "sound"] as const satisfies readonly Kind[];
export type Filter = (typeof FILTERS)[number];

/** The kinds that are words as they come: of people, and of the live model. */
const WORDS: readonly Kind[] = ["speech", "caption"];

export interface CaptionLine {
  key: string;
  kind: Kind;
  text: string;
  settled: boolean;
  /** Said at the moment shown, not before it. */
  current: boolean;
}

/** More than fit: the strip shows the newest it has room for. */
const LINES = 8;
/** A line stays readable this long after its last word. */
const LINGER_S = 3;

/** A caption that has not changed for so long came to nothing. */
const STALE_S = 10;

/** The newest captions of a running session, the still-changing ones last. */
export function liveCaptions(
  percepts: Percept[],
  partials: Percept[],
  edge_s: number,
): CaptionLine[] {
  const changing = partials.filter((partial) => partial.t > edge_s - STALE_S);
  const spoken = [...percepts.slice(-100), ...changing].filter((p) => WORDS.includes(p.kind));
  return spoken.slice(-LINES).map((percept, at, all) => ({
    key: perceptKey(percept),
    kind: percept.kind,
    text: percept.text,
    settled: percept.final,
    current: at === all.length - 1,
  }));
}

/** Everything said, also by the live model, in order, from loaded moments and from the log. */
export function speechLines(moments: Moment[], percepts: Percept[]): Fact[] {
  const lines = new Map<string, Fact>();
  const add = (fact: Fact) => {
    const key = `${fact.start_s.toFixed(1)} ${fact.text}`;
    if (WORDS.includes(fact.kind) && !lines.has(key)) lines.set(key, fact);
  };
  for (const moment of moments) moment.facts.forEach(add);
  for (const percept of percepts) {
    add(factOf(percept));
  }
  return [...lines.values()].sort((a, b) => a.start_s - b.start_s);
}

/** What was being said at `t`, after the lines before it. */
export function captionsAt(lines: Fact[], t: number): CaptionLine[] {
  const last = lines.findLastIndex((line) => line.start_s <= t + 0.05);
  return lines.slice(Math.max(0, last + 1 - LINES), last + 1).map((line) => ({
    key: `${line.id} ${line.start_s}`,
    kind: line.kind,
    text: line.text,
    settled: true,
    current: line === lines[last] && t <= line.end_s + LINGER_S,
  }));
}

/** The moment on show at `t`: the one that covers it, else the last one before it. */
export function momentAt(moments: Moment[], t: number): Moment | undefined {
  return moments.findLast((moment) => moment.start_s <= t + 0.05);
}

/** The nearest picture at or before `t`, else the first there is. */
export function keyframeAt(moments: Moment[], t: number): Moment | undefined {
  const pictured = (moment: Moment) => moment.keyframe !== null;
  return (
    moments.findLast((moment) => moment.start_s <= t + 0.05 && pictured(moment)) ??
    moments.find(pictured)
  );
}

/** The playable source whose own time includes `t`. */
export function sourceAt(
  sources: Source[],
  t: number,
  broken: ReadonlySet<number>,
): Source | undefined {
  return sources.findLast(({ id, playable, offset_s, duration_s }) => {
    const end_s = offset_s + (duration_s ?? Infinity);
    return playable && !broken.has(id) && offset_s <= t + 0.05 && t <= end_s + 0.5;
  });
}

export function gapAt(gaps: Gap[], t: number): Gap | undefined {
  return gaps.find((gap) => gap.start_s <= t && t < gap.end_s);
}

/** The moments that hold a fact of one of the chosen kinds, with only those facts. */
export function filterMoments(moments: Moment[], chosen: ReadonlySet<Filter>): Moment[] {
  if (chosen.size === 0) return moments;
  const wanted = (fact: Fact) => (chosen as ReadonlySet<Kind>).has(fact.kind);
  return moments
    .map((moment) => ({ ...moment, facts: moment.facts.filter(wanted) }))
    .filter((moment) => moment.facts.length > 0);
}

const TELLING: readonly Kind[] = [
  "speech",
  "text",
  "object",
  "sound",
  "caption",
  "moment",
  "scene",
];

/** The most telling facts first: what was said before how the picture looked. */
export function byTelling(facts: Fact[]): Fact[] {
  const rank = ({ kind }: Fact) => TELLING.indexOf(kind);
  return facts.toSorted((a, b) => rank(a) - rank(b) || a.start_s - b.start_s);
}

/** The moment's own words, unless its facts already say them. */
export function momentTitle(moment: Moment): string {
  const told = moment.facts.some((fact) => moment.text.includes(fact.text));
  return told ? "" : moment.text;
}
