import { useState } from "react";

import { asApiError } from "../api/request";
import { WATCH_STATES, type Watch } from "../api/types";
import { changeWatch, deleteWatch } from "../api/watches";
import type { Highlight } from "../session/usePlayhead";
import { clock } from "../format";
import { t, tn } from "../strings";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon, type IconName } from "../ui/Icon";
import { DryRun } from "./DryRun";
import { EditWatch } from "./EditWatch";
import { Explain } from "./Explain";

interface WatchCardProps {
  id: string;
  watch: Watch;
  /** The newest second known of. */
  edge_s: number;
  onChanged: () => void;
  onShow: (t: number, highlight?: Highlight) => void;
}

type Open = "edit" | "dry" | "explain" | "delete" | null;

/** One watch: the words it was given, how they were understood, and what can be done with it. */
export function WatchCard({ id, watch, edge_s, onChanged, onShow }: WatchCardProps) {
  const [open, setOpen] = useState<Open>(null);
  const [error, setError] = useState<string | null>(null);
  const { text, readable, state, alerts, last_s } = watch;
  const armed = state === "armed";
  const toggle = (part: Open) => setOpen(open === part ? null : part);

  function change(to: "armed" | "paused"): void {
    setError(null);
    changeWatch(id, watch.id, { state: to }).then(onChanged, (thrown: unknown) =>
      setError(asApiError(thrown).message),
    );
  }

  return (
    <li className="watch-card" data-state={state}>
      <div className="watch-card-head">
        <p className="watch-text">{text}</p>
        <span className="watch-state">{t(stateKey(state))}</span>
      </div>
      <p className="fine">
        {t("watches.understood")}: {readable}
      </p>
      <p className="fine">
        {tn("watches.fired", alerts)}
        {last_s !== null && `, ${t("watches.last", { time: clock(last_s) })}`}
      </p>
      <div className="watch-buttons">
        {state !== "done" && (
          <Act
            icon={armed ? "pause" : "play"}
            label={t(armed ? "watches.pause" : "watches.resume")}
            onClick={() => change(armed ? "paused" : "armed")}
          />
        )}
        <Act icon="edit" label={t("watches.edit")} onClick={() => toggle("edit")} />
        <Act icon="clock" label={t("watches.dry")} onClick={() => toggle("dry")} />
        <Act icon="search" label={t("alerts.whynot")} onClick={() => toggle("explain")} />
        <Act icon="trash" label={t("watches.delete")} onClick={() => toggle("delete")} />
      </div>
      {error !== null && <ErrorNote message={error} />}
      {watch.error !== "" && <ErrorNote message={watch.error} />}
      {open === "edit" && (
        <EditWatch
          id={id}
          watch={watch}
          onDone={() => {
            setOpen(null);
            onChanged();
          }}
        />
      )}
      {open === "dry" && <DryRun id={id} tried={{ watch: watch.id }} onShow={onShow} />}
      {open === "explain" && <Explain id={id} watch={watch.id} at_s={edge_s} choose />}
      {open === "delete" && (
        <ConfirmDialog
          title={t("watches.delete.ask")}
          text={t("watches.delete.text", { text })}
          action={t("watches.delete")}
          busy={t("delete.busy")}
          onConfirm={() => deleteWatch(id, watch.id)}
          onClose={() => setOpen(null)}
          onDone={() => {
            setOpen(null);
            onChanged();
          }}
        />
      )}
    </li>
  );
}

function stateKey(state: Watch["state"]) {
  // A newer server may know more states than this page.
  const known = WATCH_STATES.find((name) => name === state) ?? "armed";
  return `watches.${known}` as const;
}

function Act(props: { icon: IconName; label: string; onClick: () => void }) {
  const { icon, label, onClick } = props;
  return (
    <button type="button" className="act" onClick={onClick}>
      <Icon name={icon} size={15} />
      {label}
    </button>
  );
}
