import { expect, test } from "vitest";

import { moment, source, speech } from "./fakes";
import {
  byTelling,
  captionsAt,
  filterMoments,
  keyframeAt,
  liveCaptions,
  momentTitle,
  sourceAt,
  speechLines,
} from "./selectors";
import { sourceStatus } from "./status";

const hello = { id: 1, kind: "speech" as const, start_s: 2, end_s: 4, text: "Hello." };
const cup = { id: 2, kind: "object" as const, start_s: 3, end_s: 3, text: "cup appeared" };

test("a line said is shown once, though moment and log both tell it", () => {
  const lines = speechLines([moment(1, 0, { facts: [hello, cup] })], [speech("Hello.", 2)]);
  expect(lines.map((line) => line.text)).toEqual(["Hello."]);
});

test("captions at a time: the line said then, and the one before it", () => {
  const lines = speechLines([], [speech("One.", 2), speech("Two.", 10)]);
  expect(captionsAt(lines, 1)).toEqual([]);
  expect(captionsAt(lines, 3)).toMatchObject([{ text: "One.", current: true }]);
  expect(captionsAt(lines, 9)).toMatchObject([{ text: "One.", current: false }]);
  expect(captionsAt(lines, 11).map((line) => [line.text, line.current])).toEqual([
    ["One.", false],
    ["Two.", true],
  ]);
});

test("a live line keeps its key when it settles", () => {
  const partial = speech("the", 2, { final: false, data: { id: "u" } });
  const final = speech("The end.", 2, { seq: 4, data: { id: "u" } });
  expect(liveCaptions([], [partial], 5)).toMatchObject([{ key: "u", settled: false }]);
  expect(liveCaptions([], [partial], 60)).toEqual([]);
  expect(liveCaptions([final], [], 5)).toMatchObject([{ key: "u", settled: true }]);
});

test("what the live model says stands among what is said", () => {
  const remark = speech("A ball appears.", 6, { kind: "caption" });
  expect(liveCaptions([speech("One.", 2), remark], [], 7).map((line) => line.kind)).toEqual([
    "speech",
    "caption",
  ]);
  const lines = speechLines([], [remark]);
  expect(captionsAt(lines, 7)).toMatchObject([{ text: "A ball appears.", kind: "caption" }]);
});

test("the picture at a time is the last one before it, else the first", () => {
  const moments = [
    moment(1, 0),
    moment(2, 5, { keyframe: "b.jpg" }),
    moment(3, 10),
    moment(4, 15, { keyframe: "d.jpg" }),
  ];
  expect(keyframeAt(moments, 0)?.id).toBe(2);
  expect(keyframeAt(moments, 12)?.id).toBe(2);
  expect(keyframeAt(moments, 99)?.id).toBe(4);
  expect(keyframeAt([], 3)).toBeUndefined();
});

test("a source plays only the time it covers", () => {
  const sources = [
    source({ id: 1, offset_s: 0, duration_s: 60 }),
    source({ id: 2, offset_s: 100, duration_s: null }),
  ];
  const none = new Set<number>();
  expect(sourceAt(sources, 30, none)?.id).toBe(1);
  expect(sourceAt(sources, 80, none)).toBeUndefined();
  expect(sourceAt(sources, 500, none)?.id).toBe(2);
  expect(sourceAt(sources, 30, new Set([1]))).toBeUndefined();
  expect(sourceAt([source({ playable: false })], 30, none)).toBeUndefined();
});

test("a filter keeps the moments with such facts, and only those facts", () => {
  const moments = [moment(1, 0, { facts: [hello, cup] }), moment(2, 5)];
  expect(filterMoments(moments, new Set())).toBe(moments);
  expect(filterMoments(moments, new Set(["object"]))).toMatchObject([{ id: 1, facts: [cup] }]);
});

test("what was said comes before what was seen", () => {
  expect(byTelling([cup, hello])).toEqual([hello, cup]);
});

test("a moment's text is hidden when its facts already say it", () => {
  expect(momentTitle(moment(1, 0, { text: "Hello. cup appeared", facts: [hello] }))).toBe("");
  expect(momentTitle(moment(1, 0, { text: "A kitchen.", facts: [hello] }))).toBe("A kitchen.");
});

test("the state of a source is told in plain words", () => {
  expect(sourceStatus(source(), {})).toBe("Watching kitchen.mp4, 0:10 of 1:00");
  expect(sourceStatus(source({ state: "ended", position_s: 60 }), {})).toBe(
    "Watched kitchen.mp4 to its end (1:00)",
  );
  const lost = { 1: { state: "reconnecting" as const, t: 42 } };
  expect(sourceStatus(source({ state: "reconnecting" }), lost)).toBe(
    "Lost kitchen.mp4, reconnecting since 0:42",
  );
  expect(sourceStatus(source({ state: "failed", detail: "no such file" }), {})).toBe(
    "Could not watch kitchen.mp4: no such file",
  );
});
