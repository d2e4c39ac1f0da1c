import { useEffect, useRef, useState } from "react";

import { keyframeUrl } from "../api/client";
import type { Alert } from "../api/types";
import { clock } from "../format";
import type { Highlight } from "../session/usePlayhead";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { chime } from "./chime";

const SHOWN = 3;
const LASTS_S = 12;

interface AlertToastsProps {
  id: string;
  /** Alerts that came while the page was open. */
  alerts: Alert[];
  onShow: (t: number, highlight?: Highlight) => void;
}

/** Alerts as they happen, in a corner of the page; they go by themselves. */
export function AlertToasts({ id, alerts, onShow }: AlertToastsProps) {
  const [gone, setGone] = useState<ReadonlySet<number>>(new Set());
  const told = useRef(0);
  const newest = alerts.at(-1)?.seq ?? 0;

  useEffect(() => {
    if (newest <= told.current) return;
    told.current = newest;
    chime();
    // Each goes in its own time, whatever comes after it.
    window.setTimeout(() => setGone((before) => new Set(before).add(newest)), LASTS_S * 1000);
  }, [newest]);

  const shown = alerts.filter(({ seq = 0 }) => !gone.has(seq)).slice(-SHOWN);
  return (
    <div className="toasts" role="log" aria-live="assertive" aria-label={t("alerts.title")}>
      {shown.map((alert) => {
        const { seq = 0, start_s, end_s, text, keyframe } = alert;
        return (
          <div key={seq} className="toast" data-urgency={alert.urgency}>
            {keyframe === null ? (
              <Icon name="bell" />
            ) : (
              <img src={keyframeUrl(id, keyframe)} alt="" />
            )}
            <p>
              <span className="when">{clock(start_s)}</span> {text}
            </p>
            <button
              type="button"
              className="button small"
              onClick={() => onShow(start_s, { start_s, end_s, keyframe })}
            >
              {t("alerts.show")}
            </button>
            <button
              type="button"
              className="icon-button"
              aria-label={t("alerts.dismiss")}
              onClick={() => setGone(new Set(gone).add(seq))}
            >
              <Icon name="close" size={16} />
            </button>
          </div>
        );
      })}
    </div>
  );
}
