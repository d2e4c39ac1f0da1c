import { t } from "../strings";
import type { OpenCall } from "./calls";
import type { AnswerMode } from "./protocol";
import { useDevices, type DeviceKind } from "./useDevices";

const MODES: readonly AnswerMode[] = ["always", "wake_word", "push_to_talk"];
const NONE = () => undefined;

/** Which devices are used, and what is answered. */
export function CallSettings({ open }: { open: OpenCall }) {
  const { call, state } = open;
  const devices = useDevices();
  const used = (kind: "audio" | "video") =>
    call.stream
      ?.getTracks()
      .find((track) => track.kind === kind)
      ?.getSettings().deviceId ?? "";

  return (
    <div className="call-settings">
      <label className="field">
        <span>{t("live.mode")}</span>
        <select
          value={state.mode}
          onChange={(event) => call.setMode(event.target.value as AnswerMode, state.wakeWord)}
        >
          {MODES.map((mode) => (
            <option key={mode} value={mode}>
              {t(`live.mode.${mode}`)}
            </option>
          ))}
        </select>
      </label>
      {state.mode === "wake_word" && (
        <label className="field">
          <span>{t("live.wake")}</span>
          <input
            defaultValue={state.wakeWord}
            maxLength={40}
            onBlur={(event) => call.setMode(state.mode, event.target.value)}
          />
        </label>
      )}
      <DeviceField
        kind="audioinput"
        devices={devices}
        value={used("audio")}
        onChoose={(id) => void call.useMicrophone(id).catch(NONE)}
      />
      {!state.screen && (
        <DeviceField
          kind="videoinput"
          devices={devices}
          value={used("video")}
          onChoose={(id) => void call.showCamera(true, id).catch(NONE)}
        />
      )}
      <DeviceField
        kind="audiooutput"
        devices={devices}
        onChoose={(id) => void call.useLoudspeaker(id).catch(NONE)}
      />
    </div>
  );
}

interface DeviceFieldProps {
  kind: DeviceKind;
  devices: MediaDeviceInfo[];
  value?: string;
  onChoose: (deviceId: string) => void;
}

function DeviceField({ kind, devices, value, onChoose }: DeviceFieldProps) {
  const own = devices.filter((device) => device.kind === kind);
  if (own.length === 0) return null;
  const first = own[0]?.deviceId ?? "";
  return (
    <label className="field">
      <span>{t(`live.device.${kind}`)}</span>
      <select
        {...(value === undefined ? { defaultValue: first } : { value: value || first })}
        onChange={(event) => onChoose(event.target.value)}
      >
        {own.map(({ deviceId, label }, at) => (
          <option key={deviceId} value={deviceId}>
            {label || t("live.device.unnamed", { number: at + 1 })}
          </option>
        ))}
      </select>
    </label>
  );
}
