/** How the session page's state changes. Pure: same state and action, same result. */

import { exchangesAfterAnswer, newExchange, settle } from "./exchanges";
import { applyEvent } from "./events";
import { watchedTo, type Action, type SessionState } from "./state";
import type { Moment } from "../api/types";

export function reduce(state: SessionState, action: Action): SessionState {
  switch (action.type) {
    case "opened":
      return {
        ...state,
        session: action.session,
        sources: action.sources,
        moments: action.moments,
        complete: action.complete,
        openedAt: action.session.events,
        edge_s: Math.max(action.session.duration_s, watchedTo(action.sources)),
      };
    case "session":
      return {
        ...state,
        session: action.session,
        edge_s: Math.max(state.edge_s, action.session.duration_s),
      };
    case "sources":
      return {
        ...state,
        sources: action.sources,
        edge_s: Math.max(state.edge_s, watchedTo(action.sources)),
      };
    case "changed":
      return { ...state, forgotten: state.forgotten + 1 };
    case "reloaded":
      return {
        ...state,
        moments: action.moments,
        complete: action.complete,
        gathering: new Set(),
      };
    case "earlier":
      return {
        ...state,
        moments: prepend(action.moments, state.moments),
        complete: action.complete,
      };
    case "event":
      return applyEvent(state, action.event);
    case "link":
      return { ...state, link: action.link };
    case "asked": {
      const { key, question, asOf_s } = action;
      const exchange = newExchange({ key, question, asOf_s });
      return { ...state, exchanges: [...state.exchanges, exchange] };
    }
    case "answered":
      return { ...state, exchanges: exchangesAfterAnswer(state.exchanges, action) };
    case "ask-failed":
      return {
        ...state,
        exchanges: settle(state.exchanges, action.key, { error: action.message }),
      };
  }
}

function prepend(earlier: Moment[], known: Moment[]): Moment[] {
  const ids = new Set(known.map((moment) => moment.id));
  return [...earlier.filter((moment) => !ids.has(moment.id)), ...known];
}
