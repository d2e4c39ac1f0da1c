import { useEffect, useRef } from "react";

import { t } from "../strings";

const EVERY_MS = 66;

/** How loud the microphone is, drawn past React: it changes many times a second. */
export function LevelMeter({ stream, off }: { stream: MediaStream | null; off: boolean }) {
  const bar = useRef<HTMLSpanElement>(null);
  const track = stream?.getAudioTracks()[0];

  useEffect(() => {
    if (!track || off) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
      // From -60 dB, where a quiet room is, to -10 dB, where a loud voice is.
      const level = Math.max(0, Math.min(1, (10 * Math.log10(power + 1e-9) + 60) / 50));
      bar.current?.style.setProperty("--level", level.toFixed(2));
    }, EVERY_MS);
    const element = bar.current;
    return () => {
      window.clearInterval(timer);
      void context.close();
      element?.style.setProperty("--level", "0");
    };
  }, [track, off]);

  return <span ref={bar} className="level" role="img" aria-label={t("live.level")} />;
}
