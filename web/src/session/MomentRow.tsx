import { useState } from "react";

import { keyframeUrl } from "../api/client";
import type { Moment } from "../api/types";
import { span } from "../format";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { MomentActions } from "./MomentActions";
import { byTelling, momentTitle } from "./selectors";
import type { Highlight } from "./usePlayhead";

interface MomentRowProps {
  id: string;
  moment: Moment;
  current: boolean;
  lit: boolean;
  onShow: (t: number, highlight?: Highlight) => void;
  onChanged: () => void;
}

const FACTS_SHOWN = 4;

/** One moment: its picture and time lead there, and so does each thing known about it. */
export function MomentRow({ id, moment, current, lit, onShow, onChanged }: MomentRowProps) {
  const [whole, setWhole] = useState(false);
  const { start_s, end_s, keyframe } = moment;
  const facts = byTelling(moment.facts);
  const shown = whole ? facts : facts.slice(0, FACTS_SHOWN);
  const title = momentTitle(moment);
  return (
    <div className="moment" data-lit={lit} aria-current={current ? "time" : undefined}>
      <button
        type="button"
        className="thumb"
        aria-label={t("memory.moment", { time: span(start_s, end_s) })}
        onClick={() => onShow(start_s, { start_s, end_s, keyframe })}
      >
        {keyframe === null ? (
          <Icon name="moment" />
        ) : (
          <img src={keyframeUrl(id, keyframe)} alt="" loading="lazy" />
        )}
        <span className="badge time">{span(start_s, end_s)}</span>
      </button>
      <div className="moment-body">
        {title !== "" && <p className="moment-title">{title}</p>}
        <ul className="facts">
          {shown.map((fact) => (
            <li key={`${fact.kind}-${fact.id}`}>
              <button
                type="button"
                className="fact"
                data-kind={fact.kind}
                onClick={() => onShow(fact.start_s, fact)}
              >
                <Icon name={fact.kind} size={15} />
                <span className="visually-hidden">{t(`kind.${fact.kind}`)}: </span>
                <span>{fact.text}</span>
              </button>
            </li>
          ))}
        </ul>
        {facts.length > shown.length && (
          <button type="button" className="more" onClick={() => setWhole(true)}>
            {t("memory.more", { count: facts.length - shown.length })}
          </button>
        )}
        <MomentActions id={id} moment={moment} onChanged={onChanged} />
      </div>
    </div>
  );
}
