import { useMemo, useState } from "react";

import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { KindFilter } from "./KindFilter";
import { MemoryUsage } from "./MemoryUsage";
import { SearchBox } from "./SearchBox";
import { SearchResults } from "./SearchResults";
import { filterMoments, type Filter } from "./selectors";
import type { SessionState } from "./state";
import { Timeline } from "./Timeline";
import type { Highlight, Playhead } from "./usePlayhead";
import { useSearch } from "./useSearch";

interface MemoryPanelProps {
  id: string;
  state: SessionState;
  playhead: Playhead;
  onShow: (t: number, highlight?: Highlight) => void;
  onEarlier: () => Promise<void>;
  /** Something was pinned, corrected or forgotten: ask for memory again. */
  onChanged: () => void;
}

/** What is remembered: the timeline, or what was searched for. */
export function MemoryPanel(props: MemoryPanelProps) {
  const { id, state, playhead, onShow, onEarlier, onChanged } = props;
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<Filter>>(new Set());
  const found = useSearch(id, query);
  const moments = useMemo(() => filterMoments(state.moments, chosen), [state.moments, chosen]);

  return (
    <section className="panel memory" aria-labelledby="memory-title">
      <h2 id="memory-title" className="panel-title">
        {t("memory.title")}
      </h2>
      <MemoryUsage id={id} seen={state.forgotten + Math.floor(state.moments.length / 10)} />
      <SearchBox query={query} onQuery={setQuery} />
      <KindFilter chosen={chosen} onChosen={setChosen} />
      {found.error !== null && <ErrorNote message={found.error} />}
      {query.trim() === "" ? (
        <Timeline
          id={id}
          moments={moments}
          filtered={chosen.size > 0}
          complete={state.complete}
          playhead={playhead}
          onShow={onShow}
          onEarlier={onEarlier}
          onChanged={onChanged}
        />
      ) : (
        <SearchResults id={id} found={found} chosen={chosen} onShow={onShow} />
      )}
    </section>
  );
}
