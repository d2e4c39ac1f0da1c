import { useEffect, useRef, useState } from "react";

import { asApiError } from "../api/request";
import { t } from "../strings";
import { ErrorNote } from "./ErrorNote";

interface ConfirmDialogProps {
  title: string;
  text: string;
  action: string;
  busy: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
}

/** Asks before something that cannot be undone, and stays open when that fails. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, text, action, busy: busyText, onConfirm, onClose, onDone } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close(); // gives the focus back to where it was
  }, []);

  async function confirm(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onDone();
    } catch (thrown) {
      setError(asApiError(thrown).message);
      setBusy(false);
    }
  }

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="confirm-title" onCancel={onClose}>
      <h2 id="confirm-title">{title}</h2>
      <p>{text}</p>
      {error !== null && <ErrorNote message={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" autoFocus onClick={onClose}>
          {t("cancel")}
        </button>
        <button
          type="button"
          className="button danger"
          disabled={busy}
          onClick={() => void confirm()}
        >
          {busy ? busyText : action}
        </button>
      </div>
    </dialog>
  );
}
