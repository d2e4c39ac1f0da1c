import { useCallback, useEffect, useState } from "react";

import { asApiError } from "../api/request";
import type { Alert, Watch } from "../api/types";
import { listAlerts, listWatches } from "../api/watches";

export interface Watches {
  watches: Watch[] | null;
  /** Stored alerts, oldest first. */
  alerts: Alert[];
  error: string | null;
  reload: () => void;
}

/** The watches of a session and their alerts, asked for again when `seen` changes. */
export function useWatches(session: string, seen: number): Watches {
  const [watches, setWatches] = useState<Watch[] | null>(null);
  const [alerts, setAlerts] = useState<Alert[]>([]);
  const [error, setError] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  const reload = useCallback(() => setAsked((number) => number + 1), []);

  useEffect(() => {
    let current = true;
    Promise.all([listWatches(session), listAlerts(session)]).then(
      ([listed, fired]) => {
        if (!current) return;
        setWatches(listed);
        setAlerts(fired);
        setError(null);
      },
      (thrown: unknown) => {
        if (current) setError(asApiError(thrown).message);
      },
    );
    return () => {
      current = false;
    };
  }, [session, seen, asked]);

  return { watches, alerts, error, reload };
}

/** Alerts that were asked for and those that came since, each once, newest first. */
export function newestFirst(stored: Alert[], arrived: Alert[]): Alert[] {
  const all = new Map<string, Alert>();
  for (const alert of [...stored, ...arrived]) {
    all.set(String(alert.seq ?? `${alert.watch} ${alert.start_s}`), alert);
  }
  return [...all.values()].sort((a, b) => (b.seq ?? 0) - (a.seq ?? 0) || b.start_s - a.start_s);
}
