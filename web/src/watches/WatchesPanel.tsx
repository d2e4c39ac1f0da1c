import { useMemo } from "react";

import type { SessionState } from "../session/state";
import type { Highlight } from "../session/usePlayhead";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { AlertList } from "./AlertList";
import { NewWatch } from "./NewWatch";
import { newestFirst, useWatches } from "./useWatches";
import { WatchCard } from "./WatchCard";

interface WatchesPanelProps {
  id: string;
  state: SessionState;
  onShow: (t: number, highlight?: Highlight) => void;
}

/** What OmniLive looks out for, and what came of it. */
export function WatchesPanel({ id, state, onShow }: WatchesPanelProps) {
  const { watches, alerts, error, reload } = useWatches(id, state.watchesSeen);
  const all = useMemo(() => newestFirst(alerts, state.alerts), [alerts, state.alerts]);
  return (
    <section className="panel watches" aria-labelledby="watches-title">
      <h2 id="watches-title" className="panel-title">
        {t("watches.title")}
      </h2>
      {/* Scrolls, so it can be reached with the keyboard. */}
      <div className="scroller" tabIndex={0} role="group" aria-label={t("watches.title")}>
        <NewWatch id={id} onMade={reload} onShow={onShow} />
        {error !== null && <ErrorNote message={error} action={t("retry")} onAction={reload} />}
        {watches !== null && watches.length > 0 && (
          <ul className="watch-list" aria-label={t("watches.list")}>
            {watches.map((watch) => (
              <WatchCard
                key={watch.id}
                id={id}
                watch={watch}
                edge_s={state.edge_s}
                onChanged={reload}
                onShow={onShow}
              />
            ))}
          </ul>
        )}
        {watches?.length === 0 && <p className="quiet watches-none">{t("watches.none")}</p>}
        <AlertList id={id} alerts={all} onShow={onShow} />
      </div>
    </section>
  );
}
