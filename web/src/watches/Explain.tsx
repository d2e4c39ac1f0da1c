import { useEffect, useState } from "react";

import { asApiError } from "../api/request";
import type { Explanation } from "../api/types";
import { explain } from "../api/watches";
import { clock, parseClock } from "../format";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";

interface ExplainProps {
  id: string;
  watch: string;
  at_s: number;
  /** Whether another second can be asked about. */
  choose?: boolean;
}

/** Why a watch fired at a second, or stayed silent. */
export function Explain({ id, watch, at_s, choose = false }: ExplainProps) {
  const [at, setAt] = useState(at_s);
  const [typed, setTyped] = useState(clock(at_s));
  const [found, setFound] = useState<Explanation | null>(null);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    let current = true;
    explain(id, watch, at).then(
      (explanation) => {
        if (!current) return;
        setFound(explanation);
        setError(null);
      },
      (thrown: unknown) => current && setError(asApiError(thrown).message),
    );
    return () => {
      current = false;
    };
  }, [id, watch, at]);

  return (
    <div className="explain">
      {choose && (
        <label className="time-field">
          <span>{t("alerts.at")}</span>
          <input
            value={typed}
            inputMode="numeric"
            autoComplete="off"
            onChange={(event) => {
              setTyped(event.target.value);
              const time_s = parseClock(event.target.value);
              if (time_s !== null) setAt(time_s);
            }}
          />
        </label>
      )}
      {error !== null && <ErrorNote message={error} />}
      {found && error === null && (
        <p role="status">
          <strong>{t(found.why === "fired" ? "alerts.fired" : "alerts.silent")}.</strong>{" "}
          {found.text}
        </p>
      )}
    </div>
  );
}
