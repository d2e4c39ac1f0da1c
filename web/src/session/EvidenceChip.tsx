import { useId, useState } from "react";
import { createPortal } from "react-dom";

import { keyframeUrl } from "../api/client";
import type { Evidence } from "../api/types";
import { span } from "../format";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import type { Highlight } from "./usePlayhead";

interface EvidenceChipProps {
  id: string;
  evidence: Evidence;
  onShow: (t: number, highlight?: Highlight) => void;
}

const CARD_WIDTH_PX = 240;

/** The seconds an answer rests on: shows what was seen there, and goes there. */
export function EvidenceChip({ id, evidence, onShow }: EvidenceChipProps) {
  const [place, setPlace] = useState<DOMRect | null>(null);
  const cardId = useId();
  const { kind, start_s, end_s, text, keyframe } = evidence;
  const hide = () => setPlace(null);
  return (
    <>
      <button
        type="button"
        className="chip evidence"
        data-kind={kind}
        aria-describedby={place ? cardId : undefined}
        onMouseEnter={(event) => setPlace(event.currentTarget.getBoundingClientRect())}
        onMouseLeave={hide}
        onFocus={(event) => setPlace(event.currentTarget.getBoundingClientRect())}
        onBlur={hide}
        onKeyDown={(event) => event.key === "Escape" && hide()}
        onClick={() => {
          // A finger does not hover: the card would stay on top of the answer.
          if (window.matchMedia("(hover: none)").matches) hide();
          onShow(start_s, { start_s, end_s, keyframe });
        }}
      >
        <Icon name={kind} size={15} />
        {t("evidence.chip", { span: span(start_s, end_s), kind: t(`kind.${kind}`) })}
      </button>
      {place &&
        createPortal(
          <div id={cardId} role="tooltip" className="evidence-card" style={above(place)}>
            {keyframe !== null && <img src={keyframeUrl(id, keyframe)} alt="" />}
            <p>{text}</p>
          </div>,
          document.body,
        )}
    </>
  );
}

/** Above the chip, or below it where there is no room above. */
function above({ left, top, bottom }: DOMRect) {
  const room = window.innerWidth - CARD_WIDTH_PX - 8;
  const x = { left: Math.max(8, Math.min(left, room)), width: CARD_WIDTH_PX };
  return top > 240 ? { ...x, bottom: window.innerHeight - top + 6 } : { ...x, top: bottom + 6 };
}
