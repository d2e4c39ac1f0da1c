import { useCallback, useEffect, useReducer, useRef, useState, type ActionDispatch } from "react";

import { getSession, getTimeline, listSources } from "../api/client";
import { followEvents } from "../api/events";
import { asApiError, type ApiError } from "../api/request";
import { reduce } from "./reducer";
import { emptyState, isActive, type Action, type SessionState } from "./state";

/** How much of the log's end is read again on opening: recent captions, answers and gaps. */
const REPLAYED_EVENTS = 2000;
const PAGE = 500;
const POLL_S = 2;

export interface OpenSession {
  state: SessionState;
  dispatch: ActionDispatch<[Action]>;
  /** Why the session could not be opened. */
  error: ApiError | null;
  retry: () => void;
  /** Ask again for the state of the session and its sources. */
  refresh: () => void;
  /** Load older moments: one page, or as many as it takes to reach `t`. */
  loadEarlier: (t?: number) => Promise<void>;
}

/** Open a session, follow its log for as long as the page shows it. */
export function useSession(id: string): OpenSession {
  const [state, dispatch] = useReducer(reduce, emptyState);
  const [error, setError] = useState<ApiError | null>(null);
  const [attempt, setAttempt] = useState(0);
  const refresh = useRefresh(id, dispatch, setError);
  const loadEarlier = useLoadEarlier(id, state, dispatch);

  useEffect(() => {
    let stop: (() => void) | null = null;
    let gone = false;
    async function open(): Promise<void> {
      // The session first: whatever is logged after it was read comes by the event stream.
      const session = await getSession(id);
      const [sources, timeline] = await Promise.all([
        listSources(id),
        getTimeline(id, { limit: PAGE }),
      ]);
      if (gone) return;
      const { moments } = timeline;
      dispatch({ type: "opened", session, sources, moments, complete: moments.length < PAGE });
      stop = followEvents(id, {
        after: Math.max(0, session.events - REPLAYED_EVENTS),
        onLink: (link) => {
          dispatch({ type: "link", link });
          if (link === "lost") refresh();
        },
        onEvent: (event) => {
          dispatch({ type: "event", event });
          if (["source", "health", "summary"].includes(event.type)) refresh();
        },
      });
    }
    open().catch((thrown: unknown) => {
      if (!gone) setError(asApiError(thrown));
    });
    return () => {
      gone = true;
      stop?.();
    };
  }, [id, attempt, refresh]);

  const active = state.session?.running === true || state.sources.some(isActive);
  useEffect(() => {
    if (!active) return;
    const timer = window.setInterval(refresh, POLL_S * 1000);
    return () => window.clearInterval(timer);
  }, [active, refresh]);

  const { forgotten } = state;
  useEffect(() => {
    if (forgotten === 0) return;
    getTimeline(id, { limit: PAGE }).then(
      ({ moments }) => dispatch({ type: "reloaded", moments, complete: moments.length < PAGE }),
      () => undefined, // what was forgotten is off the page already
    );
  }, [id, forgotten]);

  function retry(): void {
    setError(null);
    setAttempt((number) => number + 1);
  }

  return { state, dispatch, error, retry, refresh, loadEarlier };
}

function useRefresh(
  id: string,
  dispatch: ActionDispatch<[Action]>,
  onGone: (error: ApiError) => void,
): () => void {
  const asking = useRef<"no" | "yes" | "again">("no");
  return useCallback(() => {
    if (asking.current !== "no") {
      asking.current = "again"; // what changed meanwhile may not be in the answer on its way
      return;
    }
    async function ask(): Promise<void> {
      do {
        asking.current = "yes";
        const [session, sources] = await Promise.all([getSession(id), listSources(id)]);
        dispatch({ type: "session", session });
        dispatch({ type: "sources", sources });
      } while ((asking.current as string) === "again");
    }
    ask()
      .catch((thrown: unknown) => {
        // The event stream says when the server is away; a session that is gone stays gone.
        const error = asApiError(thrown);
        if (error.status === 404) onGone(error);
      })
      .finally(() => {
        asking.current = "no";
      });
  }, [id, dispatch, onGone]);
}

function useLoadEarlier(
  id: string,
  { moments, complete }: SessionState,
  dispatch: ActionDispatch<[Action]>,
): (t?: number) => Promise<void> {
  const loading = useRef(false);
  const first_s = moments[0]?.start_s;
  return useCallback(
    async (t) => {
      if (loading.current || complete || first_s === undefined) return;
      loading.current = true;
      try {
        let before_s = first_s;
        let last = false;
        do {
          const page = (await getTimeline(id, { before_s, limit: PAGE })).moments;
          last = page.length < PAGE;
          before_s = page[0]?.start_s ?? 0;
          dispatch({ type: "earlier", moments: page, complete: last });
        } while (!last && t !== undefined && t < before_s);
      } finally {
        loading.current = false;
      }
    },
    [id, complete, first_s, dispatch],
  );
}
