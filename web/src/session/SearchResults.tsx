import { keyframeUrl } from "../api/client";
import type { Kind } from "../api/types";
import { span } from "../format";
import { t, tn } from "../strings";
import { Icon } from "../ui/Icon";
import { Marked } from "./Marked";
import type { Filter } from "./selectors";
import type { Highlight } from "./usePlayhead";
import type { Found } from "./useSearch";

interface SearchResultsProps {
  id: string;
  found: Found;
  chosen: ReadonlySet<Filter>;
  onShow: (t: number, highlight?: Highlight) => void;
}

export function SearchResults({ id, found, chosen, onShow }: SearchResultsProps) {
  const { query, error } = found;
  const kinds = chosen as ReadonlySet<Kind>;
  const results = found.results?.filter(({ kind }) => kinds.size === 0 || kinds.has(kind));
  return (
    <div className="scroller">
      <p className="quiet results-count" role="status">
        {results === undefined && t("search.busy")}
        {results?.length === 0 && error === null && t("search.none", { q: query })}
        {results !== undefined && results.length > 0 && tn("search.found", results.length)}
      </p>
      <ul className="results" aria-label={t("search.label")}>
        {results?.map(({ id: factId, kind, start_s, end_s, text, keyframe }, at) => (
          <li key={`${kind}-${factId}-${at}`}>
            <button
              type="button"
              className="result"
              data-kind={kind}
              onClick={() => onShow(start_s, { start_s, end_s, keyframe })}
            >
              <span className="thumb">
                {keyframe === null ? (
                  <Icon name={kind} />
                ) : (
                  <img src={keyframeUrl(id, keyframe)} alt="" loading="lazy" />
                )}
              </span>
              <span className="result-body">
                <span className="when">
                  {t("evidence.chip", { span: span(start_s, end_s), kind: t(`kind.${kind}`) })}
                </span>
                <Marked text={text} query={query} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
