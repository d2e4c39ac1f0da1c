import type { WatchPreview } from "../api/types";
import { t } from "../strings";

/** How a sentence was understood, or what must be asked back. */
export function Understood({ preview: { understood, question } }: { preview: WatchPreview }) {
  return (
    <div role="status" className="understood" data-clear={understood !== null}>
      {understood !== null && (
        <>
          <p className="fine">{t("watches.understood")}</p>
          <p>{understood}</p>
        </>
      )}
      {question !== null && (
        <>
          <p className="fine">{t("watches.question")}</p>
          <p>{question}</p>
        </>
      )}
    </div>
  );
}
