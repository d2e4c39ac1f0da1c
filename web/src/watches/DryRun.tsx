import { useEffect, useState } from "react";

import { asApiError } from "../api/request";
import type { Alert } from "../api/types";
import { dryRun } from "../api/watches";
import { span } from "../format";
import type { Highlight } from "../session/usePlayhead";
import { t, tn } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";

interface DryRunProps {
  id: string;
  tried: { watch: string } | { text: string };
  onShow: (t: number, highlight?: Highlight) => void;
}

/** What a watch would have said about what is stored already. */
export function DryRun({ id, tried, onShow }: DryRunProps) {
  const [alerts, setAlerts] = useState<Alert[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [asked] = useState(tried);

  useEffect(() => {
    let current = true;
    dryRun(id, asked).then(
      (found) => current && setAlerts(found),
      (thrown: unknown) => current && setError(asApiError(thrown).message),
    );
    return () => {
      current = false;
    };
  }, [id, asked]);

  if (error !== null) return <ErrorNote message={error} />;
  return (
    <div className="dry-run" role="status">
      {alerts === null && <p className="quiet">{t("watches.dry.busy")}</p>}
      {alerts?.length === 0 && <p>{t("watches.dry.none")}</p>}
      {alerts !== null && alerts.length > 0 && (
        <>
          <p>{tn("watches.dry", alerts.length)}</p>
          <ul className="chips">
            {alerts.map(({ start_s, end_s, text, keyframe }, at) => (
              <li key={`${start_s}-${at}`}>
                <button
                  type="button"
                  className="chip evidence"
                  title={text}
                  onClick={() => onShow(start_s, { start_s, end_s, keyframe })}
                >
                  {span(start_s, end_s)} <span className="chip-text">{text}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
