import { useEffect, useState } from "react";

import { search } from "../api/client";
import { asApiError } from "../api/request";
import type { SearchResult } from "../api/types";

const PAUSE_MS = 250;

export interface Found {
  query: string;
  /** Null until the server has answered. */
  results: SearchResult[] | null;
  error: string | null;
}

/** Search as it is typed: after a pause, and never out of order. */
export function useSearch(id: string, typed: string): Found {
  const query = typed.trim();
  const [found, setFound] = useState<Found>({ query: "", results: null, error: null });

  useEffect(() => {
    if (query === "") return;
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      search(id, query, abort.signal).then(
        (results) => setFound({ query, results, error: null }),
        (thrown: unknown) => {
          if (abort.signal.aborted) return;
          setFound({ query, results: [], error: asApiError(thrown).message });
        },
      );
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [id, query]);

  return found.query === query ? found : { query, results: null, error: null };
}
