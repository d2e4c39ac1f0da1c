import { useState } from "react";

import { createSession, listSessions } from "../api/client";
import { asApiError } from "../api/request";
import { freeName } from "../sessions/naming";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { startCall, type From } from "./calls";
import { MediaProblem } from "./media";

interface LiveStartProps {
  /** The session to call; without one a new session is made. */
  into?: string;
  onStarted?: (id: string) => void;
}

/** The way into a live conversation: by camera, or by the screen. */
export function LiveStart({ into, onStarted }: LiveStartProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function session(): Promise<string> {
    if (into !== undefined) return into;
    const taken = (await listSessions()).map(({ id }) => id);
    return (await createSession(freeName(todaysName(), taken))).id;
  }

  async function start(from: From): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const call = await startCall(from, session);
      onStarted?.(call.session);
    } catch (thrown) {
      setError(thrown instanceof MediaProblem ? thrown.message : asApiError(thrown).message);
    } finally {
      setBusy(false);
    }
  }

  const style = into === undefined ? "button" : "button small";
  return (
    <div className="live-start">
      <div className="live-actions">
        <button
          type="button"
          className={`${style} primary`}
          disabled={busy}
          onClick={() => void start("camera")}
        >
          <Icon name="camera" size={18} />
          {t("live.camera")}
        </button>
        <button
          type="button"
          className={style}
          disabled={busy}
          onClick={() => void start("screen")}
        >
          <Icon name="screen" size={18} />
          {t("live.screen")}
        </button>
      </div>
      {busy && (
        <p className="quiet" role="status">
          {t("live.asking")}
        </p>
      )}
      {error !== null && <ErrorNote message={error} />}
    </div>
  );
}

/** "live-11-21": people know a conversation by its day. */
function todaysName(): string {
  const now = new Date();
  const two = (part: number) => String(part).padStart(2, "0");
  return `live-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
