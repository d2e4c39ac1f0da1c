// What happens at the front door while somebody looks: words that grow and settle, things, moments.

const SENTENCES = [
  "The parcel is by the blue door.",
  "I will come back at five.",
  "Somebody should water the plants.",
];

const ROUND_S = 6;

/**
 * The events of one round, each with its delay from the round's start.
 * @param {number} round @param {number} from_s where the session clock stands
 * @returns {{delay_s: number, event: Record<string, unknown>}[]}
 */
export function roundOf(round, from_s) {
  const sentence = SENTENCES[round % SENTENCES.length] ?? "";
  const words = sentence.replace(".", "").toLowerCase().split(" ");
  const said = { start_s: from_s + 0.3, end_s: from_s + 2.6, kind: "speech", type: "percept" };
  const data = { id: `utterance-${round}` };
  const partials = words.map((_, at) => ({
    delay_s: 0.4 + at * 0.25,
    event: {
      ...said,
      text: words.slice(0, at + 1).join(" "),
      confidence: 0.5,
      final: false,
      data,
    },
  }));
  const at_s = from_s + ROUND_S;
  return [
    ...partials,
    { delay_s: 2.8, event: { ...said, text: sentence, confidence: 0.92, final: true, data } },
    {
      delay_s: 3.2,
      event: {
        type: "percept",
        kind: "object",
        start_s: from_s + 3,
        end_s: from_s + 3,
        text: round % 2 === 0 ? "cat appeared" : "cat left",
        confidence: 0.8,
        final: true,
      },
    },
    {
      delay_s: 3.6,
      event: {
        type: "moment",
        id: 100 + round,
        start_s: from_s,
        end_s: at_s,
        text: `${sentence} cat`,
        keyframe: `keyframes/${(24 + round * 6) % 60}.jpg`,
      },
    },
  ].map(({ delay_s, event }) => ({ delay_s, event: { t: from_s + delay_s, ...event } }));
}

export { ROUND_S };
