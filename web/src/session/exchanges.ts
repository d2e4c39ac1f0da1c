/**
 * The dialogue: questions with their answers. A typed one is told twice, by the reply to it and by
 * the event log; a spoken one by three lines of the log: the turn, the answer, and how it was said.
 */

import type { Answer, AssistantTurn, UserTurn } from "../api/types";
import type { Exchange } from "./state";

export function newExchange(part: Partial<Exchange> & { key: string }): Exchange {
  return {
    question: "",
    asOf_s: null,
    spoken: false,
    turned: false,
    answer: null,
    answerSeq: null,
    reply: null,
    error: null,
    ...part,
  };
}

function sameAnswer(a: Answer, b: Answer): boolean {
  return a.question === b.question && a.text === b.text && Math.abs(a.t - b.t) < 0.01;
}

/** Nothing has become of it yet. */
export function isAwaited({ question, answer, error, reply }: Exchange): boolean {
  return question !== "" && answer === null && error === null && reply === null;
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
  const twin = exchanges.find(
    (exchange) =>
      exchange.key !== key && exchange.answer !== null && sameAnswer(exchange.answer, answer),
  );
  const others = exchanges.filter((exchange) => exchange !== twin);
  return settle(others, key, { answer, answerSeq: twin?.answerSeq ?? null, error: null });
}

/** An answer read from the event log: ours, still awaited; already known; or somebody else's. */
export function exchangesAfterLogged(
  exchanges: Exchange[],
  answer: Answer,
  seq: number | null,
): Exchange[] {
  const known = exchanges.find(({ answer: had }) => had !== null && sameAnswer(had, answer));
  if (known) return settle(exchanges, known.key, { answerSeq: seq });
  const awaited = exchanges.filter(isAwaited);
  const asked =
    awaited.find(({ question }) => question === answer.question) ??
    awaited.findLast(({ spoken, question }) => spoken && akin(question, answer.question));
  if (asked) return settle(exchanges, asked.key, { answer, answerSeq: seq });
  const { question } = answer;
  return [
    ...exchanges,
    newExchange({ key: `log-${seq ?? answer.t}`, question, answer, answerSeq: seq }),
  ];
}

/** A question may have lost its wake word on the way to the answer. */
function akin(said: string, asked: string): boolean {
  const [a, b] = [said, asked].map((text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " "));
  return a !== undefined && b !== undefined && (a.includes(b.trim()) || b.includes(a.trim()));
}

export function exchangesAfterTurn(
  exchanges: Exchange[],
  turn: UserTurn | AssistantTurn,
): Exchange[] {
  return turn.role === "user" ? afterUser(exchanges, turn) : afterAssistant(exchanges, turn);
}

/** What people say to each other is remembered, and is no part of the dialogue. */
function afterUser(exchanges: Exchange[], turn: UserTurn): Exchange[] {
  const { addressed, text: question, spoken, seq } = turn;
  if (!addressed || question === "") return exchanges;
  const asked = exchanges.findLast((known) => isOf(known, turn));
  if (asked) return settle(exchanges, asked.key, { question, spoken, turned: true });
  const key = `turn-${seq ?? turn.t}`;
  return [...exchanges, newExchange({ key, question, spoken, turned: true })];
}

/** An answer given this near to a turn, in session seconds, can be its answer. */
const NEAR_S = 60;

/** Whether the exchange is the turn's: typed here, or answered before its turn was logged. */
function isOf({ question, turned, answer, asOf_s }: Exchange, turn: UserTurn): boolean {
  if (turned || question === "" || asOf_s !== null || !akin(turn.text, question)) return false;
  return answer === null ? !turn.spoken : Math.abs(answer.t - turn.end_s) < NEAR_S;
}

function afterAssistant(exchanges: Exchange[], turn: AssistantTurn): Exchange[] {
  const { text: heard, full_text: full, spoken, interrupted, latency, answer, seq } = turn;
  const reply = { heard, full: full === "" ? heard : full, spoken, interrupted, latency };
  const said =
    answer === null
      ? exchanges.findLast(isAwaited)
      : exchanges.find(({ answerSeq }) => answerSeq === answer);
  if (said) return settle(exchanges, said.key, { reply });
  if (reply.full === "") return exchanges;
  return [...exchanges, newExchange({ key: `said-${seq ?? turn.t}`, reply })];
}
