import { t } from "../strings";

const EXAMPLES = ["ask.example.1", "ask.example.2", "ask.example.3"] as const;

/** What to do in an empty conversation. */
export function Examples({ onAsk }: { onAsk: (question: string) => void }) {
  return (
    <div className="examples">
      <p className="quiet">{t("ask.start")}</p>
      <div className="chips">
        {EXAMPLES.map((key) => (
          <button key={key} type="button" className="chip" onClick={() => onAsk(t(key))}>
            {t(key)}
          </button>
        ))}
      </div>
    </div>
  );
}
