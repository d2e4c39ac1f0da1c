import { Icon } from "./Icon";

interface ErrorNoteProps {
  message: string;
  action?: string;
  onAction?: () => void;
}

/** Says what went wrong, where it went wrong. */
export function ErrorNote({ message, action, onAction }: ErrorNoteProps) {
  return (
    <div className="error-note" role="alert">
      <Icon name="warning" />
      <p>{message}</p>
      {action !== undefined && (
        <button type="button" className="button small" onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  );
}
