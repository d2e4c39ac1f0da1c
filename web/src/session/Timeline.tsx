import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import type { Moment } from "../api/types";
import { t } from "../strings";
import { momentAt } from "./selectors";
import { MomentRow } from "./MomentRow";
import type { Highlight, Playhead } from "./usePlayhead";

interface TimelineProps {
  id: string;
  moments: Moment[];
  filtered: boolean;
  complete: boolean;
  playhead: Playhead;
  onShow: (t: number, highlight?: Highlight) => void;
  onEarlier: () => Promise<void>;
  onChanged: () => void;
}

const ROW_PX = 96;

/** All moments, oldest first. Only the rows in view exist in the page. */
export function Timeline(props: TimelineProps) {
  const { id, moments, filtered, complete, playhead, onShow, onEarlier, onChanged } = props;
  const { t: at, jumps, following } = playhead;
  const scroller = useRef<HTMLDivElement>(null);
  const [loading, setLoading] = useState(false);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are not memoised here
  const rows = useVirtualizer({
    count: moments.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => moments[index]?.id ?? index,
    overscan: 6,
  });
  const current = momentAt(moments, at);
  const currentIndex = current ? moments.indexOf(current) : -1;

  // A jump brings its moment into view; following keeps the newest there.
  const latest = useRef({ currentIndex, rows });
  useEffect(() => {
    latest.current = { currentIndex, rows };
  });
  const newest = following ? moments.length : 0;
  useEffect(() => {
    const { currentIndex: index, rows: list } = latest.current;
    if (index >= 0) list.scrollToIndex(index, { align: newest > 0 ? "end" : "auto" });
  }, [jumps, newest]);

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = (event.target as HTMLElement).closest("li")?.dataset.index;
    if (step === undefined || row === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(moments.length - 1, Number(row) + step));
    rows.scrollToIndex(next);
    scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] button`)?.focus();
  }

  async function earlier(): Promise<void> {
    setLoading(true);
    await onEarlier().catch(() => undefined);
    setLoading(false);
  }

  return (
    <div className="scroller" ref={scroller}>
      {moments.length === 0 && (
        <p className="quiet empty">{t(filtered ? "memory.none" : "memory.empty")}</p>
      )}
      {!complete && (
        <button
          type="button"
          className="button small earlier"
          disabled={loading}
          onClick={() => void earlier()}
        >
          {loading ? t("loading") : t("memory.earlier")}
        </button>
      )}
      <ol
        className="timeline"
        aria-label={t("memory.title")}
        style={{ height: rows.getTotalSize() }}
        onKeyDown={onKeyDown}
      >
        {rows.getVirtualItems().map(({ index, key, start }) => {
          const moment = moments[index];
          if (!moment) return null;
          return (
            <li
              key={key}
              ref={rows.measureElement}
              data-index={index}
              aria-setsize={moments.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start}px)` }}
            >
              <MomentRow
                id={id}
                moment={moment}
                current={index === currentIndex}
                lit={isLit(moment, playhead.highlight)}
                onShow={onShow}
                onChanged={onChanged}
              />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function isLit({ start_s, end_s }: Moment, highlight: Highlight | null): boolean {
  if (highlight === null) return false;
  return start_s <= highlight.start_s && highlight.start_s < end_s;
}
