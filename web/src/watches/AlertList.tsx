import { useState } from "react";

import { keyframeUrl } from "../api/client";
import type { Alert } from "../api/types";
import { seconds, span } from "../format";
import { EvidenceList } from "../session/EvidenceList";
import type { Highlight } from "../session/usePlayhead";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { setAlertSound, useAlertSound } from "./chime";
import { Explain } from "./Explain";

interface AlertListProps {
  id: string;
  alerts: Alert[];
  onShow: (t: number, highlight?: Highlight) => void;
}

/** Everything the watches said, newest first. */
export function AlertList({ id, alerts, onShow }: AlertListProps) {
  const sound = useAlertSound();
  return (
    <section className="alerts" aria-labelledby="alerts-title">
      <div className="watch-card-head">
        <h3 id="alerts-title">{t("alerts.title")}</h3>
        <label className="check">
          <input
            type="checkbox"
            checked={sound}
            onChange={(event) => setAlertSound(event.target.checked)}
          />
          <span>{t("alerts.sound")}</span>
        </label>
      </div>
      {alerts.length === 0 && <p className="quiet">{t("alerts.none")}</p>}
      <ul className="alert-list" aria-label={t("alerts.title")}>
        {alerts.map((alert) => (
          <AlertRow
            key={alert.seq ?? `${alert.watch} ${alert.start_s}`}
            id={id}
            alert={alert}
            onShow={onShow}
          />
        ))}
      </ul>
    </section>
  );
}

function AlertRow({ id, alert, onShow }: Omit<AlertListProps, "alerts"> & { alert: Alert }) {
  const [why, setWhy] = useState(false);
  const { start_s, end_s, text, rule, confidence, keyframe, evidence } = alert;
  const { duplicate = 0, latency } = alert;
  const late_s = latency?.total_s;
  return (
    <li className="alert-row" data-urgency={alert.urgency}>
      <button
        type="button"
        className="thumb"
        aria-label={t("memory.moment", { time: span(start_s, end_s) })}
        onClick={() => onShow(start_s, { start_s, end_s, keyframe })}
      >
        {keyframe === null ? (
          <Icon name="bell" />
        ) : (
          <img src={keyframeUrl(id, keyframe)} alt="" loading="lazy" />
        )}
        <span className="badge time">{span(start_s, end_s)}</span>
      </button>
      <div className="alert-body">
        <p>{text}</p>
        <p className="fine">
          {[
            t("alerts.sure", { percent: Math.round(confidence * 100) }),
            typeof late_s === "number" && t("alerts.late", { time: seconds(late_s) }),
            duplicate > 0 && t("alerts.duplicate", { count: duplicate }),
          ]
            .filter((part) => part !== false)
            .join(" · ")}
        </p>
        <button type="button" className="act" aria-expanded={why} onClick={() => setWhy(!why)}>
          {t("alerts.why")}
        </button>
        {why && (
          <>
            <p className="fine">
              {t("watches.understood")}: {rule}
            </p>
            <Explain id={id} watch={alert.watch} at_s={alert.at_s} />
            <EvidenceList id={id} evidence={evidence} onShow={onShow} />
          </>
        )}
      </div>
    </li>
  );
}
