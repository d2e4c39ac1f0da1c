import { useState, type SubmitEvent } from "react";

import { clock } from "../format";
import { t } from "../strings";
import { Icon } from "../ui/Icon";

interface AskBoxProps {
  /** The time a question can be limited to; null where that would change nothing. */
  until_s: number | null;
  onAsk: (question: string, asOf_s: number | null) => void;
}

export function AskBox({ until_s, onAsk }: AskBoxProps) {
  const [question, setQuestion] = useState("");
  const [limited, setLimited] = useState(false);
  const [empty, setEmpty] = useState(false);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const text = question.trim();
    setEmpty(text === "");
    if (text === "") return;
    onAsk(text, limited ? until_s : null);
    setQuestion("");
  }

  return (
    <form className="ask-box" onSubmit={submit}>
      {/* Keeps its place when it is not on offer: what is above must not move under the pointer. */}
      <label className="check" data-hidden={until_s === null}>
        <input
          type="checkbox"
          checked={limited}
          onChange={(event) => setLimited(event.target.checked)}
        />
        <span>{t("ask.until", { time: clock(until_s ?? 0) })}</span>
      </label>
      <div className="ask-row">
        <input
          value={question}
          onChange={(event) => {
            setQuestion(event.target.value);
            setEmpty(false);
          }}
          aria-label={t("ask.label")}
          aria-invalid={empty}
          aria-describedby={empty ? "ask-empty" : undefined}
          placeholder={t("ask.placeholder")}
          autoComplete="off"
          enterKeyHint="send"
        />
        <button type="submit" className="button primary">
          <Icon name="send" size={18} />
          <span>{t("ask.send")}</span>
        </button>
      </div>
      {empty && (
        <p id="ask-empty" className="field-error" role="alert">
          {t("ask.empty")}
        </p>
      )}
    </form>
  );
}
