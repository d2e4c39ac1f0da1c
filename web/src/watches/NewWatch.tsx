import { useState, type SubmitEvent } from "react";

import { asApiError } from "../api/request";
import type { WatchPreview } from "../api/types";
import { createWatch, previewWatch } from "../api/watches";
import type { Highlight } from "../session/usePlayhead";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { DryRun } from "./DryRun";
import { Understood } from "./Understood";

const EXAMPLES = ["watches.example.1", "watches.example.2", "watches.example.3"] as const;

interface NewWatchProps {
  id: string;
  onMade: () => void;
  onShow: (t: number, highlight?: Highlight) => void;
}

/** A watch in plain words: first shown as understood, tried on the past, then armed. */
export function NewWatch({ id, onMade, onShow }: NewWatchProps) {
  const [text, setText] = useState("");
  const [preview, setPreview] = useState<WatchPreview | null>(null);
  const [trying, setTrying] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function attempt(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    setError(null);
    await work().catch((thrown: unknown) => setError(asApiError(thrown).message));
    setBusy(false);
  }

  function check(words: string): void {
    const wanted = words.trim();
    if (wanted === "") {
      setError(t("watches.empty"));
      return;
    }
    void attempt(async () => setPreview(await previewWatch(id, wanted)));
  }

  function arm(): void {
    void attempt(async () => {
      await createWatch(id, text.trim());
      setText("");
      setPreview(null);
      setTrying(false);
      onMade();
    });
  }

  function type(words: string): void {
    setText(words);
    setPreview(null);
    setTrying(false);
    setError(null);
  }

  return (
    <form
      className="new-watch"
      aria-label={t("watches.text")}
      noValidate
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        check(text);
      }}
    >
      <p className="quiet">{t("watches.lead")}</p>
      <div className="ask-row">
        <input
          value={text}
          onChange={(event) => type(event.target.value)}
          aria-label={t("watches.text")}
          placeholder={t("watches.example")}
          autoComplete="off"
          maxLength={500}
        />
        <button type="submit" className="button" disabled={busy}>
          {busy && preview === null ? t("watches.checking") : t("watches.preview")}
        </button>
      </div>
      {text === "" && (
        <div className="chips">
          {EXAMPLES.map((key) => (
            <button
              key={key}
              type="button"
              className="chip"
              onClick={() => {
                type(t(key));
                check(t(key));
              }}
            >
              {t(key)}
            </button>
          ))}
        </div>
      )}
      {preview && (
        <div className="preview-card">
          <Understood
            preview={preview}
            onSuggestion={(words) => {
              type(words);
              check(words);
            }}
          />
          {preview.understood && (
            <div className="live-actions">
              <button type="button" className="button primary" disabled={busy} onClick={arm}>
                <Icon name="bell" size={18} />
                {t("watches.arm")}
              </button>
              <button type="button" className="button" onClick={() => setTrying(true)}>
                {t("watches.dry")}
              </button>
            </div>
          )}
          {trying && <DryRun id={id} tried={{ text: text.trim() }} onShow={onShow} />}
        </div>
      )}
      {error !== null && <ErrorNote message={error} />}
    </form>
  );
}
