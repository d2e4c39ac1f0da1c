import { useEffect } from "react";

import { t } from "../strings";
import { Icon } from "../ui/Icon";
import type { Call } from "./call";

/** Push to talk: by this button, or by the space bar wherever it types nothing and presses nothing. */
export function HoldToTalk({ call, holding }: { call: Call; holding: boolean }) {
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (event.key !== " " || isTaken(event.target)) return;
      event.preventDefault();
      if (!event.repeat) call.hold(event.type === "keydown");
    }
    const letGo = () => call.hold(false);
    window.addEventListener("keydown", onKey);
    window.addEventListener("keyup", onKey);
    window.addEventListener("blur", letGo);
    return () => {
      window.removeEventListener("keydown", onKey);
      window.removeEventListener("keyup", onKey);
      window.removeEventListener("blur", letGo);
      letGo();
    };
  }, [call]);

  return (
    <button
      type="button"
      className="button hold"
      data-talk
      aria-pressed={holding}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        call.hold(true);
      }}
      onPointerUp={() => call.hold(false)}
      onPointerCancel={() => call.hold(false)}
      onContextMenu={(event) => event.preventDefault()}
    >
      <Icon name="microphone" size={18} />
      {t(holding ? "live.holding" : "live.hold")}
      {!holding && <span className="fine hold-hint">{t("live.hold.hint")}</span>}
    </button>
  );
}

function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("[data-talk]")) return false;
  return target.closest("input, textarea, select, button, a, [role=log], summary") !== null;
}
