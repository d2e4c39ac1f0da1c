import { deleteSession } from "../api/client";
import { t } from "../strings";
import { ConfirmDialog } from "./ConfirmDialog";

interface DeleteDialogProps {
  id: string;
  onClose: () => void;
  onDeleted: () => void;
}

/** Asks before a session is deleted. */
export function DeleteDialog({ id, onClose, onDeleted }: DeleteDialogProps) {
  return (
    <ConfirmDialog
      title={t("delete.title", { id })}
      text={t("delete.text")}
      action={t("delete.confirm")}
      busy={t("delete.busy")}
      onConfirm={() => deleteSession(id)}
      onClose={onClose}
      onDone={onDeleted}
    />
  );
}
