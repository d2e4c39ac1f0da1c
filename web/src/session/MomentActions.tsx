import { useState } from "react";

import { addPin, correctFact, forgetSpan, unpinSpan } from "../api/client";
import { asApiError } from "../api/request";
import type { Fact, Moment } from "../api/types";
import { span } from "../format";
import { t, tn } from "../strings";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";

interface MomentActionsProps {
  id: string;
  moment: Moment;
  /** Memory is another: ask for it again. */
  onChanged: () => void;
}

/** How coarse a moment is, and what can be done with it: keep it, correct it, forget it. */
export function MomentActions({ id, moment, onChanged }: MomentActionsProps) {
  const [editing, setEditing] = useState(false);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { start_s, end_s, size = 1, pinned = false } = moment;
  const name = span(start_s, end_s);

  function pin(): void {
    const done = pinned ? unpinSpan(id, start_s, end_s) : addPin(id, start_s, end_s);
    setError(null);
    done.then(onChanged, (thrown: unknown) => setError(asApiError(thrown).message));
  }

  return (
    <div className="moment-actions">
      {size > 1 && <span className="coarse">{tn("memory.merged", size)}</span>}
      <button
        type="button"
        className="act"
        aria-pressed={pinned}
        aria-label={t("memory.pin", { time: name })}
        title={t("memory.pinTitle")}
        onClick={pin}
      >
        <Icon name="pin" size={15} />
      </button>
      {moment.facts.length > 0 && (
        <button
          type="button"
          className="act"
          aria-expanded={editing}
          aria-label={t("memory.correct", { time: name })}
          title={t("memory.correctTitle")}
          onClick={() => setEditing(!editing)}
        >
          <Icon name="edit" size={15} />
        </button>
      )}
      <button
        type="button"
        className="act"
        aria-label={t("memory.forget", { time: name })}
        title={t("memory.forget", { time: name })}
        onClick={() => setAsking(true)}
      >
        <Icon name="eraser" size={15} />
      </button>
      {error !== null && <ErrorNote message={error} />}
      {editing &&
        moment.facts.map((fact) => (
          <FactForm key={`${fact.kind}-${fact.id}`} id={id} fact={fact} onChanged={onChanged} />
        ))}
      {asking && (
        <ConfirmDialog
          title={t("forget.ask", { span: name })}
          text={t("forget.text")}
          action={t("forget.do", { span: name })}
          busy={t("forget.busy")}
          onConfirm={() => forgetSpan(id, start_s, end_s)}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            onChanged();
          }}
        />
      )}
    </div>
  );
}

interface FactFormProps {
  id: string;
  fact: Fact;
  onChanged: () => void;
}

/** One line of what is remembered, to be written anew. */
function FactForm({ id, fact, onChanged }: FactFormProps) {
  const [text, setText] = useState(fact.text);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function save(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await correctFact(id, fact.id, text);
      onChanged();
    } catch (thrown) {
      setError(asApiError(thrown).message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      className="fact-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Icon name={fact.kind} size={15} />
      <input
        value={text}
        maxLength={10_000}
        aria-label={t("memory.correctText", { kind: t(`kind.${fact.kind}`) })}
        onChange={(event) => setText(event.target.value)}
      />
      <button
        type="submit"
        className="button small"
        disabled={busy || text.trim() === "" || text === fact.text}
      >
        {t("memory.save")}
      </button>
      {error !== null && <ErrorNote message={error} />}
    </form>
  );
}
