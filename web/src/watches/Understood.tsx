import type { WatchPreview } from "../api/types";
import { t } from "../strings";

interface UnderstoodProps {
  preview: WatchPreview;
  /** One of the suggested sentences is taken instead. */
  onSuggestion: (text: string) => void;
}

/** How a sentence was understood, or what must be asked back. */
export function Understood({ preview, onSuggestion }: UnderstoodProps) {
  const { understood, readable, notes, question, suggestions } = preview;
  return (
    <div role="status" className="understood" data-clear={understood}>
      <p className="fine">{t(understood ? "watches.understood" : "watches.question")}</p>
      <p>{understood ? readable : question}</p>
      {notes.map((note) => (
        <p key={note} className="fine">
          {note}
        </p>
      ))}
      {!understood && suggestions.length > 0 && (
        <div className="chips">
          {suggestions.map((text) => (
            <button key={text} type="button" className="chip" onClick={() => onSuggestion(text)}>
              {text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
