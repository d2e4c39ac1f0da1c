import { useState, type SubmitEvent } from "react";

import { asApiError } from "../api/request";
import type { Watch, WatchPreview } from "../api/types";
import { changeWatch, previewWatch } from "../api/watches";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Understood } from "./Understood";

/** Other words for a watch: checked first, then saved. */
export function EditWatch(props: { id: string; watch: Watch; onDone: () => void }) {
  const { id, watch, onDone } = props;
  const [text, setText] = useState(watch.text);
  const [preview, setPreview] = useState<WatchPreview | null>(null);
  const [error, setError] = useState<string | null>(null);
  const ready = preview?.understood === true;

  async function step(): Promise<void> {
    setError(null);
    try {
      if (!ready) {
        setPreview(await previewWatch(id, text.trim()));
        return;
      }
      await changeWatch(id, watch.id, { text: text.trim() });
      onDone();
    } catch (thrown) {
      setError(asApiError(thrown).message);
    }
  }

  return (
    <form
      className="edit-watch"
      aria-label={t("watches.edit")}
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        void step();
      }}
    >
      <div className="ask-row">
        <input
          autoFocus
          value={text}
          aria-label={t("watches.text")}
          maxLength={500}
          onChange={(event) => {
            setText(event.target.value);
            setPreview(null);
          }}
        />
        <button type="submit" className={ready ? "button primary" : "button"}>
          {t(ready ? "watches.save" : "watches.preview")}
        </button>
      </div>
      {preview && (
        <Understood
          preview={preview}
          onSuggestion={(words) => {
            setText(words);
            setPreview(null);
          }}
        />
      )}
      {error !== null && <ErrorNote message={error} />}
    </form>
  );
}
