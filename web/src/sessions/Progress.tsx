import { t } from "../strings";

/** How much of a file has been sent. */
export function Progress({ fraction, onCancel }: { fraction: number; onCancel: () => void }) {
  const label = t("watch.uploading", { percent: Math.round(fraction * 100) });
  return (
    <div className="progress">
      <span>{label}</span>
      <progress value={fraction} aria-label={label} />
      <button type="button" className="button small" onClick={onCancel}>
        {t("cancel")}
      </button>
    </div>
  );
}
