import type { KeyboardEvent } from "react";

interface TabsProps<Name extends string> {
  label: string;
  tabs: readonly { name: Name; title: string }[];
  chosen: Name;
  onChoose: (name: Name) => void;
  /** Ids are `${idBase}-tab-NAME` for a tab and `${idBase}-panel-NAME` for what it opens. */
  idBase: string;
}

/** A row of tabs, moved along with the arrow keys. */
export function Tabs<Name extends string>({
  label,
  tabs,
  chosen,
  onChoose,
  idBase,
}: TabsProps<Name>) {
  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = tabs.findIndex((tab) => tab.name === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    onChoose(next.name);
    document.getElementById(`${idBase}-tab-${next.name}`)?.focus();
  }

  return (
    <div className="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`${idBase}-tab-${name}`}
          aria-selected={name === chosen}
          aria-controls={name === chosen ? `${idBase}-panel-${name}` : undefined}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => onChoose(name)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
