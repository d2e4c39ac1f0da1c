import { useEffect, useRef, useState } from "react";

import { deleteSession } from "../api/client";
import { asApiError } from "../api/request";
import { t } from "../strings";
import { ErrorNote } from "./ErrorNote";

interface DeleteDialogProps {
  id: string;
  onClose: () => void;
  onDeleted: () => void;
}

/** Asks before a session is deleted, and stays open when that fails. */
export function DeleteDialog({ id, onClose, onDeleted }: DeleteDialogProps) {
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
      await deleteSession(id);
      onDeleted();
    } catch (thrown) {
      setError(asApiError(thrown).message);
      setBusy(false);
    }
  }

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="delete-title" onCancel={onClose}>
      <h2 id="delete-title">{t("delete.title", { id })}</h2>
      <p>{t("delete.text")}</p>
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
          {busy ? t("delete.busy") : t("delete.confirm")}
        </button>
      </div>
    </dialog>
  );
}
