import { useEffect, useRef } from "react";

import { t } from "../strings";
import { Icon } from "../ui/Icon";

/** Ctrl+K (or ⌘K) goes to it, Escape empties it. */
export function SearchBox({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      input.current?.focus();
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);

  return (
    <search className="search-box">
      <Icon name="search" size={18} />
      <input
        ref={input}
        type="text"
        role="searchbox"
        value={query}
        onChange={(event) => onQuery(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && onQuery("")}
        aria-label={t("search.label")}
        aria-keyshortcuts="Control+K Meta+K"
        placeholder={t("search.placeholder")}
        autoComplete="off"
      />
      {query !== "" && (
        <button
          type="button"
          className="icon-button"
          aria-label={t("search.clear")}
          onClick={() => {
            onQuery("");
            input.current?.focus();
          }}
        >
          <Icon name="close" size={16} />
        </button>
      )}
    </search>
  );
}
