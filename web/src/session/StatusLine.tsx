import { useState } from "react";

import { stopSource } from "../api/client";
import { asApiError } from "../api/request";
import type { Source } from "../api/types";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { isActive, type SessionState } from "./state";
import { nameOf, perceptionHealth, sourceStatus } from "./status";

interface StatusLineProps {
  id: string;
  state: SessionState;
  onChanged: () => void;
}

const SHOWN = 3;

/** How watching goes, in plain words, with a way to stop it. */
export function StatusLine({ id, state, onChanged }: StatusLineProps) {
  const { sources, since_s, link } = state;
  const [error, setError] = useState<string | null>(null);

  function stop(source: number): void {
    setError(null);
    stopSource(id, source).then(onChanged, (thrown: unknown) =>
      setError(asApiError(thrown).message),
    );
  }

  return (
    <div className="status">
      {link === "lost" && (
        <p className="status-row" data-state="reconnecting" role="status">
          {t("status.lost")}
        </p>
      )}
      {sources.length === 0 && <p className="status-row">{t("status.none")}</p>}
      {sources.slice(-SHOWN).map((source) => (
        <div key={source.id} className="status-row" data-state={source.state}>
          <p title={source.url}>
            {sourceStatus(source, since_s)} {isActive(source) && <Health source={source} />}
          </p>
          {isActive(source) && (
            <button
              type="button"
              className="button small"
              aria-label={t("status.stop", { name: nameOf(source) })}
              onClick={() => stop(source.id)}
            >
              {t("status.stop.short")}
            </button>
          )}
        </div>
      ))}
      {error !== null && <ErrorNote message={error} />}
    </div>
  );
}

function Health({ source }: { source: Source }) {
  const words = perceptionHealth(source);
  return words === "" ? null : <span className="status-health">{words}</span>;
}
