import { t } from "../strings";
import type { CallState } from "./state";

/** What the call is doing, in a word. */
export function voiceWord(state: CallState): string {
  const { phase, voice, mode, muted, wakeWord, holding, microphone } = state;
  if (phase === "asking") return t("live.asking");
  if (phase === "connecting") return t("live.connecting");
  if (phase === "reconnecting") return t("live.reconnecting");
  if (voice !== "listening") return t(`live.voice.${voice}`);
  if (holding) return t("live.holding");
  if (muted || !microphone) return t("live.voice.muted");
  if (mode === "wake_word") return t("live.voice.wake", { word: wakeWord });
  if (mode === "push_to_talk") return t("live.voice.hold");
  return t("live.voice.listening");
}

/** The state of the conversation as a word and a moving sign, told to screen readers too. */
export function VoiceBadge({ state }: { state: CallState }) {
  const sign = state.phase === "live" ? state.voice : "connecting";
  return (
    <p className="voice" data-voice={state.holding ? "hearing" : sign} role="status">
      <span className="voice-sign" aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </span>
      <span data-testid="voice">{voiceWord(state)}</span>
    </p>
  );
}
