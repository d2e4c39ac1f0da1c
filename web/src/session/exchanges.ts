/** Questions and answers. An answer arrives twice, as the reply and over the event log: keep one. */

import type { Answer } from "../api/types";
import type { Exchange } from "./state";

function sameAnswer(a: Answer, b: Answer): boolean {
  return a.question === b.question && a.text === b.text && Math.abs(a.t - b.t) < 0.01;
}

export function settle(exchanges: Exchange[], key: string, outcome: Partial<Exchange>): Exchange[] {
  return exchanges.map((exchange) =>
    exchange.key === key ? { ...exchange, ...outcome } : exchange,
  );
}

/** The reply to our own question. */
export function exchangesAfterAnswer(
  exchanges: Exchange[],
  { key, answer }: { key: string; answer: Answer },
): Exchange[] {
  const others = exchanges.filter(
    (exchange) =>
      exchange.key === key || exchange.answer === null || !sameAnswer(exchange.answer, answer),
  );
  return settle(others, key, { answer, error: null });
}

/** An answer read from the event log: ours, still awaited; already known; or somebody else's. */
export function exchangesAfterLogged(
  exchanges: Exchange[],
  answer: Answer,
  key: string,
): Exchange[] {
  if (exchanges.some((known) => known.answer !== null && sameAnswer(known.answer, answer))) {
    return exchanges;
  }
  const awaited = exchanges.find(
    (exchange) =>
      exchange.answer === null && exchange.error === null && exchange.question === answer.question,
  );
  if (awaited) return settle(exchanges, awaited.key, { answer });
  const { question } = answer;
  return [...exchanges, { key, question, asOf_s: null, answer, error: null }];
}
