import { useEffect, useRef, type ActionDispatch } from "react";

import { ask } from "../api/client";
import { asApiError } from "../api/request";
import { t } from "../strings";
import { AskBox } from "./AskBox";
import { ExchangeCard } from "./ExchangeCard";
import { Examples } from "./Examples";
import type { Action, SessionState } from "./state";
import type { Highlight, Playhead } from "./usePlayhead";

interface AskPanelProps {
  id: string;
  state: SessionState;
  dispatch: ActionDispatch<[Action]>;
  playhead: Playhead;
  onShow: (t: number, highlight?: Highlight) => void;
}

/** Questions and their answers, newest last, above the box to type the next one. */
export function AskPanel({ id, state, dispatch, playhead, onShow }: AskPanelProps) {
  const { exchanges } = state;
  const end = useRef<HTMLDivElement>(null);
  const asked = useRef(0);
  const settled = exchanges.filter((exchange) => exchange.answer ?? exchange.error).length;

  useEffect(() => {
    const list = end.current?.parentElement;
    if (list) list.scrollTop = list.scrollHeight;
  }, [exchanges.length, settled]);

  async function send(question: string, asOf_s: number | null): Promise<void> {
    asked.current += 1;
    const key = `asked-${asked.current}`;
    dispatch({ type: "asked", key, question, asOf_s });
    try {
      dispatch({ type: "answered", key, answer: await ask(id, question, asOf_s) });
    } catch (thrown) {
      dispatch({ type: "ask-failed", key, message: asApiError(thrown).message });
    }
  }

  // Standing before the end of a session, one may want to know what was known there.
  const until_s = playhead.t > 0.5 && playhead.t < state.edge_s - 0.5 ? playhead.t : null;
  return (
    <section className="panel ask" aria-labelledby="ask-title">
      <h2 id="ask-title" className="panel-title">
        {t("ask.title")}
      </h2>
      <div
        className="exchanges"
        role="log"
        aria-live="polite"
        tabIndex={0}
        aria-label={t("ask.title")}
      >
        {exchanges.length === 0 && <Examples onAsk={(question) => void send(question, null)} />}
        {exchanges.map((exchange) => (
          <ExchangeCard key={exchange.key} id={id} exchange={exchange} onShow={onShow} />
        ))}
        <div ref={end} />
      </div>
      <AskBox until_s={until_s} onAsk={(question, asOf_s) => void send(question, asOf_s)} />
    </section>
  );
}
