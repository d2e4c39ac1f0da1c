import { useCallback, useState } from "react";

import { rememberTime } from "../route";
import { WatchForm } from "../sessions/WatchForm";
import { t } from "../strings";
import { Tabs } from "../ui/Tabs";
import { useMedia } from "../ui/useMedia";
import { AskPanel } from "./AskPanel";
import { Captions } from "./Captions";
import { MemoryPanel } from "./MemoryPanel";
import { Player } from "./Player";
import { isActive } from "./state";
import { StatusLine } from "./StatusLine";
import { WatchMore } from "./WatchMore";
import { usePlayhead, type Highlight } from "./usePlayhead";
import type { OpenSession } from "./useSession";

interface SessionViewProps {
  id: string;
  open: OpenSession;
  start_s: number | null;
}

type Panel = "ask" | "memory";

/** An open session: what it saw and hears on one side, asking and looking up on the other. */
export function SessionView({ id, open, start_s }: SessionViewProps) {
  const { state, dispatch, refresh, loadEarlier } = open;
  const running = state.session?.running === true || state.sources.some(isActive);
  const playhead = usePlayhead(state.edge_s, running, start_s);
  const [panel, setPanel] = useState<Panel>("ask");
  const narrow = useMedia("(max-width: 899px)");
  const { seek } = playhead;

  const show = useCallback(
    (at: number, highlight?: Highlight) => {
      seek(at, highlight);
      rememberTime(id, at);
      void loadEarlier(at).catch(() => undefined); // the picture at `at` may be older
    },
    [id, seek, loadEarlier],
  );

  const asking = (
    <AskPanel id={id} state={state} dispatch={dispatch} playhead={playhead} onShow={show} />
  );
  const memory = (
    <MemoryPanel
      id={id}
      state={state}
      playhead={playhead}
      onShow={show}
      onEarlier={() => loadEarlier()}
    />
  );
  const nothing = state.sources.length === 0 && state.moments.length === 0;

  return (
    <main id="main" className="session" tabIndex={-1}>
      <div className="stage">
        <Player id={id} state={state} playhead={playhead} onShow={show} />
        <Captions state={state} playhead={playhead} />
        <StatusLine id={id} state={state} onChanged={refresh} />
        {nothing ? (
          <WatchForm into={id} onStarted={refresh} />
        ) : (
          <WatchMore id={id} onStarted={refresh} />
        )}
      </div>
      {narrow ? (
        <div className="pane">
          <Tabs
            label={id}
            idBase="session"
            chosen={panel}
            onChoose={setPanel}
            tabs={[
              { name: "ask", title: t("ask.title") },
              { name: "memory", title: t("memory.title") },
            ]}
          />
          <div
            className="pane-body"
            role="tabpanel"
            id={`session-panel-${panel}`}
            aria-labelledby={`session-tab-${panel}`}
          >
            {panel === "ask" ? asking : memory}
          </div>
        </div>
      ) : (
        <>
          {asking}
          {memory}
        </>
      )}
    </main>
  );
}
