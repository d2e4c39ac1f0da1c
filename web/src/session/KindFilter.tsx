import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { FILTERS, type Filter } from "./selectors";

interface KindFilterProps {
  chosen: ReadonlySet<Filter>;
  onChosen: (chosen: ReadonlySet<Filter>) => void;
}

/** Which kinds of fact are shown; none chosen means all. */
export function KindFilter({ chosen, onChosen }: KindFilterProps) {
  function toggle(kind: Filter): void {
    const next = new Set(chosen);
    if (!next.delete(kind)) next.add(kind);
    onChosen(next);
  }

  return (
    <div className="filter" role="group" aria-label={t("memory.filter")}>
      <button
        type="button"
        className="chip"
        aria-pressed={chosen.size === 0}
        onClick={() => onChosen(new Set())}
      >
        {t("memory.all")}
      </button>
      {FILTERS.map((kind) => (
        <button
          key={kind}
          type="button"
          className="chip"
          data-kind={kind}
          aria-pressed={chosen.has(kind)}
          onClick={() => toggle(kind)}
        >
          <Icon name={kind} size={15} />
          {t(`filter.${kind}`)}
        </button>
      ))}
    </div>
  );
}
