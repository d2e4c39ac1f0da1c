import { useCallback, useEffect, useRef, useState } from "react";

import type { Link } from "../api/events";
import type { Call } from "../live/call";
import { CallBar } from "../live/CallBar";
import { useCall } from "../live/calls";

import { rememberTime } from "../route";
import { WatchForm } from "../sessions/WatchForm";
import { AlertToasts } from "../watches/AlertToasts";
import { WatchesPanel } from "../watches/WatchesPanel";
import { AskPanel } from "./AskPanel";
import { Captions } from "./Captions";
import { ForgetPanel, type Span } from "./ForgetPanel";
import { MemoryPanel } from "./MemoryPanel";
import { Player } from "./Player";
import { isActive } from "./state";
import { StatusLine } from "./StatusLine";
import { SidePanels, type Panel } from "./SidePanels";
import { StageMore } from "./StageMore";
import { usePlayhead, type Highlight, type Playhead } from "./usePlayhead";
import type { OpenSession } from "./useSession";

interface SessionViewProps {
  id: string;
  open: OpenSession;
  start_s: number | null;
}

/** An open session: what it saw and hears on one side, asking and looking up on the other. */
export function SessionView({ id, open, start_s }: SessionViewProps) {
  const { state, dispatch, refresh, loadEarlier } = open;
  const running = state.session?.running === true || state.sources.some(isActive);
  const playhead = usePlayhead(state.edge_s, running, start_s);
  const [panel, setPanel] = useState<Panel>("ask");
  const [chosen, setChosen] = useState<Span | null>(null);
  const call = useCall(id);
  useProbe(call?.call ?? null, state.link);
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
    <AskPanel
      id={id}
      state={state}
      dispatch={dispatch}
      playhead={playhead}
      call={call}
      onShow={show}
    />
  );
  const watches = <WatchesPanel id={id} state={state} onShow={show} />;
  const memory = (
    <MemoryPanel
      id={id}
      state={state}
      playhead={playhead}
      onShow={show}
      onEarlier={() => loadEarlier()}
      onChanged={() => dispatch({ type: "changed" })}
    />
  );
  const nothing = state.sources.length === 0 && state.moments.length === 0;

  const fresh = state.alerts.filter(({ seq = 0 }) => seq > state.openedAt);
  const forgetting = chosen !== null && (
    <ForgetPanel
      id={id}
      total_s={state.edge_s}
      chosen={chosen}
      onChosen={setChosen}
      onClose={() => setChosen(null)}
    />
  );

  return (
    <main id="main" className="session" tabIndex={-1}>
      <div className="stage">
        <Player
          id={id}
          state={state}
          playhead={playhead}
          call={call}
          chosen={chosen}
          onShow={show}
        />
        {call && <CallBar open={call} />}
        {forgetting}
        <Captions state={state} playhead={playhead} />
        <StatusLine id={id} state={state} onChanged={refresh} />
        {nothing && call === null && <WatchForm into={id} onStarted={refresh} />}
        <StageMore
          id={id}
          live={call === null}
          more={!nothing}
          onStarted={refresh}
          onForget={
            state.moments.length > 0 && chosen === null
              ? () => setChosen(spanAround(playhead, state.edge_s))
              : null
          }
        />
      </div>
      <SidePanels panel={panel} onPanel={setPanel} parts={{ ask: asking, memory, watches }} />
      <AlertToasts id={id} alerts={fresh} onShow={show} />
    </main>
  );
}

/** What is on show, else the ten seconds before it. */
function spanAround({ t: at, highlight }: Playhead, edge_s: number): Span {
  if (highlight) return { start_s: highlight.start_s, end_s: highlight.end_s };
  return { start_s: Math.max(0, at - 10), end_s: Math.min(edge_s, Math.max(at, 1)) };
}

/** When the server was away and is back, the call may have gone with it. */
function useProbe(call: Call | null, link: Link): void {
  const before = useRef(link);
  useEffect(() => {
    if (before.current === "lost" && link === "open") call?.probe();
    before.current = link;
  }, [call, link]);
}
