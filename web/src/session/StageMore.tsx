import { useState } from "react";

import { LiveStart } from "../live/LiveStart";
import { WatchForm } from "../sessions/WatchForm";
import { t } from "../strings";
import { Icon } from "../ui/Icon";

interface StageMoreProps {
  id: string;
  /** A live conversation can be begun. */
  live: boolean;
  /** Something else can be watched. */
  more: boolean;
  onStarted: () => void;
  /** Null where there is nothing to forget. */
  onForget: (() => void) | null;
}

/** What else can be done in a session: talk, watch one thing after another, forget. */
export function StageMore({ id, live, more, onStarted, onForget }: StageMoreProps) {
  const [open, setOpen] = useState(false);
  return (
    <div className="stage-more">
      {live && <LiveStart into={id} onStarted={onStarted} />}
      <div className="stage-actions">
        {more && (
          <button
            type="button"
            className="button plain small"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <Icon name={open ? "close" : "plus"} size={16} />
            {t("watch.more")}
          </button>
        )}
        {onForget && (
          <button type="button" className="button plain small" onClick={onForget}>
            <Icon name="eraser" size={16} />
            {t("forget.open")}
          </button>
        )}
      </div>
      {more && open && (
        <WatchForm
          into={id}
          onStarted={() => {
            setOpen(false);
            onStarted();
          }}
        />
      )}
    </div>
  );
}
