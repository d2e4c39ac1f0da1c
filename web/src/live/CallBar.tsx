import { useState } from "react";

import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon, type IconName } from "../ui/Icon";
import { CallSettings } from "./CallSettings";
import type { OpenCall } from "./calls";
import { lineHealth } from "./health";
import { HoldToTalk } from "./HoldToTalk";
import { LevelMeter } from "./LevelMeter";
import { VoiceBadge } from "./VoiceBadge";

/** What can be done in a call, and how it goes. */
export function CallBar({ open }: { open: OpenCall }) {
  const { call, state } = open;
  const [settings, setSettings] = useState(false);
  const { phase, muted, camera, voice, mode, screen } = state;
  const talking = voice === "speaking" || voice === "thinking" || voice === "paused";

  return (
    <section className="call" aria-label={t("live.label")} data-phase={phase}>
      <div className="call-row">
        <VoiceBadge state={state} />
        {talking && (
          <button type="button" className="button small" onClick={call.interrupt}>
            <Icon name="stop" size={16} />
            {t("live.interrupt")}
          </button>
        )}
        <span className="spacer" />
        <button
          type="button"
          className="icon-button call-button microphone"
          aria-label={t(muted ? "live.unmute" : "live.mute")}
          title={t(muted ? "live.unmute" : "live.mute")}
          data-off={muted}
          disabled={!state.microphone}
          onClick={() => call.mute(!muted)}
        >
          <Icon name={muted ? "microphoneOff" : "microphone"} />
          <LevelMeter stream={call.stream} off={muted} />
        </button>
        {!screen && (
          <CallButton
            name={camera === "on" ? "camera" : "cameraOff"}
            label={t(camera === "on" ? "live.camera.off" : "live.camera.on")}
            off={camera !== "on"}
            onClick={() => void call.showCamera(camera !== "on").catch(() => undefined)}
          />
        )}
        <button
          type="button"
          className="icon-button call-button"
          aria-label={t("live.devices")}
          title={t("live.devices")}
          aria-expanded={settings}
          onClick={() => setSettings(!settings)}
        >
          <Icon name="settings" />
        </button>
        <button
          type="button"
          className="button danger call-end"
          aria-label={t("live.hangup")}
          onClick={call.hangUp}
        >
          <Icon name="hangup" size={18} />
          <span>{t("live.hangup")}</span>
        </button>
      </div>
      {mode === "push_to_talk" && <HoldToTalk call={call} holding={state.holding} />}
      {settings && <CallSettings open={open} />}
      {state.error !== null && <ErrorNote message={state.error} />}
      {(state.note ?? state.health) && phase === "live" && (
        <p className="fine call-health">
          {[state.note, lineHealth(state)].filter((part) => part !== null).join(" · ")}
        </p>
      )}
    </section>
  );
}

interface CallButtonProps {
  name: IconName;
  label: string;
  off: boolean;
  onClick: () => void;
}

function CallButton({ name, label, off, onClick }: CallButtonProps) {
  return (
    <button
      type="button"
      className="icon-button call-button"
      aria-label={label}
      title={label}
      data-off={off}
      onClick={onClick}
    >
      <Icon name={name} />
    </button>
  );
}
