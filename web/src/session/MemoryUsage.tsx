import { useEffect, useState } from "react";

import { getMemory } from "../api/client";
import type { Memory } from "../api/types";
import { bytes } from "../format";
import { locale, t } from "../strings";

interface MemoryUsageProps {
  id: string;
  /** Changes when it is worth asking again. */
  seen: number;
}

/** How full the memory is: the part of its budget that is nearest to its end. */
export function MemoryUsage({ id, seen }: MemoryUsageProps) {
  const [memory, setMemory] = useState<Memory | null>(null);
  useEffect(() => {
    let gone = false;
    getMemory(id).then(
      (found) => {
        if (!gone) setMemory(found);
      },
      () => undefined, // it is only a hint
    );
    return () => {
      gone = true;
    };
  }, [id, seen]);
  const moments = memory?.held.moments;
  const size = memory?.held.bytes;
  if (!moments || !size) return null;
  const share = Math.max(...Object.values(memory.held).map(part));
  const count = (number: number) => number.toLocaleString(locale);
  return (
    <div className="memory-usage">
      <meter min={0} max={1} low={0.8} high={0.95} value={share} aria-label={t("memory.full")} />
      <span className="quiet">
        {t("memory.usage", {
          count: count(moments.used),
          most: count(moments.budget),
          size: bytes(size.used),
          room: bytes(size.budget),
        })}
      </span>
    </div>
  );
}

function part({ used, budget }: { used: number; budget: number }): number {
  return budget > 0 ? Math.min(1, used / budget) : 0;
}
