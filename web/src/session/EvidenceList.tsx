import type { Evidence } from "../api/types";
import { t } from "../strings";
import { EvidenceChip } from "./EvidenceChip";
import type { Highlight } from "./usePlayhead";

interface EvidenceListProps {
  id: string;
  evidence: Evidence[];
  onShow: (t: number, highlight?: Highlight) => void;
}

/** What something rests on: each piece leads to its seconds. */
export function EvidenceList({ id, evidence, onShow }: EvidenceListProps) {
  return (
    <ul className="chips" aria-label={t("evidence.label")}>
      {evidence.map((item, at) => (
        <li key={`${item.id}-${at}`}>
          <EvidenceChip id={id} evidence={item} onShow={onShow} />
        </li>
      ))}
    </ul>
  );
}
