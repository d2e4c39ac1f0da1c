import { useState } from "react";

import { WatchForm } from "../sessions/WatchForm";
import { t } from "../strings";
import { Icon } from "../ui/Icon";

/** A session can watch one thing after another. */
export function WatchMore({ id, onStarted }: { id: string; onStarted: () => void }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="watch-more">
      <button
        type="button"
        className="button plain small"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? "close" : "plus"} size={16} />
        {t("watch.more")}
      </button>
      {open && (
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
