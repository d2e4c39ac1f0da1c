// Hands the microphone on as 16-bit samples, a tenth of a second at a time.
// The audio context runs at the wanted rate, so nothing is resampled here.

class Microphone extends AudioWorkletProcessor {
  #samples = new Int16Array(Math.round(sampleRate / 10));
  #filled = 0;

  process([input]) {
    const sound = input[0];
    if (!sound) return true;
    for (const value of sound) {
      const clipped = Math.max(-1, Math.min(1, value));
      this.#samples[this.#filled] = clipped * 32767;
      this.#filled += 1;
      if (this.#filled === this.#samples.length) this.#hand();
    }
    return true;
  }

  #hand() {
    this.port.postMessage(this.#samples.slice().buffer);
    this.#filled = 0;
  }
}

registerProcessor("microphone", Microphone);
