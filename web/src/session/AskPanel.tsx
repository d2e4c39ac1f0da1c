import { useEffect, useRef, type ActionDispatch } from "react";

import { ask } from "../api/client";
import { asApiError } from "../api/request";
import type { OpenCall } from "../live/calls";
import { draftOf } from "../live/draft";
import { t } from "../strings";
import { AskBox } from "./AskBox";
import { Draft } from "./Draft";
import { ExchangeCard } from "./ExchangeCard";
import { Examples } from "./Examples";
import { isAwaited } from "./exchanges";
import type { Action, SessionState } from "./state";
import type { Highlight, Playhead } from "./usePlayhead";

interface AskPanelProps {
  id: string;
  state: SessionState;
  dispatch: ActionDispatch<[Action]>;
  playhead: Playhead;
  call: OpenCall | null;
  onShow: (t: number, highlight?: Highlight) => void;
}

/** Questions and their answers, typed and spoken, newest last, above the box for the next one. */
export function AskPanel({ id, state, dispatch, playhead, call, onShow }: AskPanelProps) {
  const { exchanges } = state;
  const end = useRef<HTMLDivElement>(null);
  const asked = useRef(0);
  const draft = draftOf(call?.state ?? null, exchanges);
  const awaited = exchanges.findLast(isAwaited);

  useEffect(() => {
    const list = end.current?.parentElement;
    if (list) list.scrollTop = list.scrollHeight;
  }, [exchanges, draft.said, draft.reply, draft.coming]);

  async function send(question: string, asOf_s: number | null): Promise<void> {
    asked.current += 1;
    const key = `asked-${Date.now()}-${asked.current}`;
    dispatch({ type: "asked", key, question, asOf_s });
    // In a call the question goes the way of the spoken ones, and is answered aloud.
    if (asOf_s === null && call?.call.ask(question) === true) return;
    try {
      dispatch({ type: "answered", key, answer: await ask(id, question, asOf_s) });
    } catch (thrown) {
      dispatch({ type: "ask-failed", key, message: asApiError(thrown).message });
    }
  }

  // Standing before the end of a session, one may want to know what was known there.
  const until_s = playhead.t > 0.5 && playhead.t < state.edge_s - 0.5 ? playhead.t : null;
  const empty = exchanges.length === 0 && draft.said === "" && draft.reply === "";
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
        {empty && <Examples onAsk={(question) => void send(question, null)} />}
        {exchanges.map((exchange) => (
          <ExchangeCard
            key={exchange.key}
            id={id}
            exchange={exchange}
            coming={exchange === awaited ? draft.coming : ""}
            passed={exchange !== exchanges.at(-1)}
            onShow={onShow}
          />
        ))}
        <Draft said={draft.said} reply={draft.reply} />
        <div ref={end} />
      </div>
      <AskBox
        until_s={call === null ? until_s : null}
        onAsk={(question, asOf_s) => void send(question, asOf_s)}
      />
    </section>
  );
}
