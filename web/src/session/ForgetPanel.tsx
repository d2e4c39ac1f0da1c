import { useState, type SubmitEvent } from "react";

import { forgetSpan } from "../api/client";
import { clock, parseClock, span } from "../format";
import { t } from "../strings";
import { ConfirmDialog } from "../ui/ConfirmDialog";

export interface Span {
  start_s: number;
  end_s: number;
}

interface ForgetPanelProps {
  id: string;
  total_s: number;
  chosen: Span;
  onChosen: (chosen: Span) => void;
  onClose: () => void;
}

/** Choose some seconds, by two handles on the timeline or as times, and forget them. */
export function ForgetPanel({ id, total_s, chosen, onChosen, onClose }: ForgetPanelProps) {
  const [asking, setAsking] = useState(false);
  const [bad, setBad] = useState(false);
  const name = span(chosen.start_s, chosen.end_s);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const wrong = chosen.end_s <= chosen.start_s;
    setBad(wrong);
    setAsking(!wrong);
  }

  return (
    <form className="forget" onSubmit={submit} aria-label={t("forget.title")} noValidate>
      <div className="forget-handles">
        {(["start_s", "end_s"] as const).map((edge) => (
          <input
            key={edge}
            type="range"
            min={0}
            max={Math.max(total_s, 0.1)}
            step={0.1}
            value={chosen[edge]}
            aria-label={t(edge === "start_s" ? "forget.from" : "forget.to")}
            aria-valuetext={clock(chosen[edge])}
            onChange={(event) => onChosen(moved(chosen, edge, event.target.valueAsNumber))}
          />
        ))}
      </div>
      <div className="forget-row">
        <TimeField
          label={t("forget.from")}
          value={chosen.start_s}
          onTime={(start_s) => onChosen({ ...chosen, start_s })}
        />
        <TimeField
          label={t("forget.to")}
          value={chosen.end_s}
          onTime={(end_s) => onChosen({ ...chosen, end_s: Math.min(end_s, total_s) })}
        />
        <button type="submit" className="button danger small">
          {t("forget.do", { span: name })}
        </button>
        <button type="button" className="button small" onClick={onClose}>
          {t("cancel")}
        </button>
      </div>
      {bad && (
        <p className="field-error" role="alert">
          {t("forget.bad")}
        </p>
      )}
      {asking && (
        <ConfirmDialog
          title={t("forget.ask", { span: name })}
          text={t("forget.text")}
          action={t("forget.do", { span: name })}
          busy={t("forget.busy")}
          onConfirm={() => forgetSpan(id, chosen.start_s, chosen.end_s)}
          onClose={() => setAsking(false)}
          onDone={onClose}
        />
      )}
    </form>
  );
}

/** The handles push each other along. */
function moved(chosen: Span, edge: keyof Span, to: number): Span {
  return edge === "start_s"
    ? { start_s: to, end_s: Math.max(to, chosen.end_s) }
    : { start_s: Math.min(to, chosen.start_s), end_s: to };
}

interface TimeFieldProps {
  label: string;
  value: number;
  onTime: (time_s: number) => void;
}

function TimeField({ label, value, onTime }: TimeFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <label className="time-field">
      <span>{label}</span>
      <input
        value={typed ?? clock(value)}
        title={t("forget.times")}
        inputMode="numeric"
        autoComplete="off"
        aria-invalid={typed !== null && parseClock(typed) === null}
        onChange={(event) => {
          setTyped(event.target.value);
          const time_s = parseClock(event.target.value);
          if (time_s !== null) onTime(time_s);
        }}
        onBlur={() => setTyped(null)}
      />
    </label>
  );
}
