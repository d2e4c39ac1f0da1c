import { useState, type ReactNode } from "react";

import { t } from "../strings";
import { Tabs } from "../ui/Tabs";
import { useMedia } from "../ui/useMedia";

export type Panel = "ask" | "memory" | "watches";

interface SidePanelsProps {
  panel: Panel;
  onPanel: (panel: Panel) => void;
  parts: Record<Panel, ReactNode>;
}

/** Asking, remembering and watching: side by side where there is room, else behind tabs. */
export function SidePanels({ panel, onPanel, parts }: SidePanelsProps) {
  const narrow = useMedia("(max-width: 899px)");
  // On a wide page the conversation is always in view: only the other two share a place.
  const [side, setSide] = useState<Exclude<Panel, "ask">>("memory");
  const titles = {
    ask: t("ask.title"),
    memory: t("memory.title"),
    watches: t("watches.title"),
  };
  if (narrow) {
    return (
      <TabbedPane
        className="pane"
        names={["ask", "memory", "watches"]}
        titles={titles}
        chosen={panel}
        onChoose={onPanel}
        parts={parts}
      />
    );
  }
  return (
    <>
      {parts.ask}
      <TabbedPane
        className="pane side"
        names={["memory", "watches"]}
        titles={titles}
        chosen={side}
        onChoose={setSide}
        parts={parts}
      />
    </>
  );
}

interface TabbedPaneProps<Name extends Panel> {
  className: string;
  names: readonly Name[];
  titles: Record<Panel, string>;
  chosen: Name;
  onChoose: (name: Name) => void;
  parts: Record<Panel, ReactNode>;
}

function TabbedPane<Name extends Panel>(props: TabbedPaneProps<Name>) {
  const { className, names, titles, chosen, onChoose, parts } = props;
  return (
    <div className={className}>
      <Tabs
        label={names.map((name) => titles[name]).join(", ")}
        idBase="session"
        chosen={chosen}
        onChoose={onChoose}
        tabs={names.map((name) => ({ name, title: titles[name] }))}
      />
      <div
        className="pane-body"
        role="tabpanel"
        id={`session-panel-${chosen}`}
        aria-labelledby={`session-tab-${chosen}`}
      >
        {parts[chosen]}
      </div>
    </div>
  );
}
