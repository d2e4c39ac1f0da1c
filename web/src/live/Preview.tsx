import { useEffect, useRef } from "react";

import { t } from "../strings";
import { Icon } from "../ui/Icon";
import type { OpenCall } from "./calls";

/** What the camera or the shared screen shows, in the player's place, or small in its corner. */
export function Preview({ open, small }: { open: OpenCall; small: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const { call, state } = open;
  const shown = state.camera === "on";
  const { stream } = call;

  useEffect(() => {
    if (!video.current || !shown) return;
    video.current.srcObject = stream;
    void video.current.play().catch(() => undefined);
  }, [stream, shown]);

  return (
    <div className="preview" data-small={small}>
      {shown ? (
        <video ref={video} muted playsInline aria-label={t("live.preview")} />
      ) : (
        <p className="preview-off">
          <Icon
            name={state.camera === "none" ? "microphone" : "cameraOff"}
            size={small ? 20 : 36}
          />
          {!small && state.camera === "off" && t("live.preview.off")}
        </p>
      )}
    </div>
  );
}
