// What the mock remembers: a stored session with a clip, a running one, and a long one.

/** @typedef {import("../../src/api/types").Moment} Moment */
/** @typedef {import("../../src/api/types").Kind} Kind */
/** @typedef {import("../../src/api/types").Source} Source */
/** @typedef {import("../../src/api/types").Session} Session */

/** @type {[Kind, number, number, string][]} */
const KITCHEN_FACTS = [
  ["object", 0.5, 0.5, "cup appeared"],
  ["sound", 1, 5, "music"],
  ["text", 6.2, 60, "BACK AT 5 PM"],
  ["object", 12, 12, "person appeared"],
  ["speech", 13.2, 16.8, "Morning. I'll put the kettle on before the meeting."],
  ["speech", 18.1, 21.5, "The blue folder with the invoices is in the second drawer."],
  ["sound", 22, 37, "water boiling"],
  ["speech", 26.4, 29.6, "Remind me to call Anna at half past four."],
  ["object", 31.5, 31.5, "cat appeared"],
  ["speech", 34, 36.2, "No, not on the counter, Miso!"],
  ["object", 42.5, 42.5, "person left"],
  ["object", 49, 49, "cat left"],
  ["sound", 51, 57, "music"],
];

const KITCHEN_CUTS = [0, 6, 12, 17.5, 25, 31, 38, 46, 52, 60];

/** @returns {Moment[]} */
function kitchenMoments() {
  return KITCHEN_CUTS.slice(0, -1).map((start_s, at) => {
    const end_s = KITCHEN_CUTS[at + 1] ?? 60;
    const facts = KITCHEN_FACTS.flatMap(([kind, from, to, text], id) =>
      from >= start_s && from < end_s
        ? [{ id: id + 100, kind, start_s: from, end_s: to, text }]
        : [],
    );
    const text = facts.map((fact) => fact.text).join("; ") || "A quiet kitchen.";
    const keyframe = `keyframes/${at + 1}.jpg`;
    // The second one stands for many, as an episode does.
    const [level, size] = at === 1 ? [1, 40] : [0, 1];
    return { id: at + 1, start_s, end_s, text, keyframe, facts, level, size };
  });
}

/** @returns {Moment[]} */
function doorMoments() {
  return [
    {
      id: 1,
      start_s: 0,
      end_s: 9,
      text: "person appeared",
      keyframe: "keyframes/12.jpg",
      facts: [{ id: 1, kind: "object", start_s: 3, end_s: 3, text: "person appeared" }],
    },
    {
      id: 2,
      start_s: 9,
      end_s: 20,
      text: "Hello, anybody home?",
      keyframe: "keyframes/18.jpg",
      facts: [{ id: 2, kind: "speech", start_s: 10, end_s: 12, text: "Hello, anybody home?" }],
    },
  ];
}

const LONG = 1200;
const LONGEST = 10_000;

/** @param {number} length @returns {Moment[]} */
function longMoments(length) {
  return Array.from({ length }, (_, at) => ({
    id: at + 1,
    start_s: at * 10,
    end_s: at * 10 + 10,
    text: `Something number ${at}.`,
    keyframe: `keyframes/${at % 60}.jpg`,
    facts:
      at % 3 === 0
        ? [
            {
              id: at + 1,
              kind: /** @type {Kind} */ ("object"),
              start_s: at * 10,
              end_s: at * 10,
              text: `object ${at}`,
            },
          ]
        : [],
  }));
}

/** @param {Partial<Source>} part @returns {Source} */
export function makeSource(part) {
  return {
    id: 1,
    url: "",
    kind: "file",
    state: "ended",
    detail: "",
    offset_s: 0,
    duration_s: null,
    position_s: 0,
    has_video: true,
    has_audio: true,
    playable: false,
    ...part,
  };
}

/** @typedef {{session: Session, sources: Source[], moments: Moment[], log: object[]}} Stored */

/** @param {string} id @param {Partial<Session>} part @returns {Session} */
export function makeSession(id, part = {}) {
  const created_wall_s = Date.now() / 1000;
  return {
    id,
    created_wall_s,
    duration_s: 0,
    events: 0,
    moments: 0,
    bytes: 0,
    running: false,
    ...part,
  };
}

/** @returns {Map<string, Stored>} */
export function freshSessions() {
  const now_s = Date.now() / 1000;
  const kitchen = {
    session: makeSession("kitchen", {
      created_wall_s: now_s - 7200,
      duration_s: 60,
      moments: 9,
      bytes: 4_310_000,
    }),
    sources: [
      makeSource({ url: "/videos/kitchen.webm", duration_s: 60, position_s: 60, playable: true }),
    ],
    moments: kitchenMoments(),
    log: [],
  };
  const door = {
    session: makeSession("front-door", {
      created_wall_s: now_s - 45,
      duration_s: 20,
      moments: 2,
      bytes: 912_000,
      running: true,
    }),
    sources: [
      makeSource({
        url: "rtsp://door.local/stream",
        kind: "network",
        state: "live",
        position_s: 20,
      }),
    ],
    moments: doorMoments(),
    log: [],
  };
  const long = {
    session: makeSession("long-night", {
      created_wall_s: now_s - 3 * 86_400,
      duration_s: LONG * 10,
      moments: LONG,
      bytes: 188_000_000,
    }),
    sources: [
      makeSource({
        url: "/dev/video0",
        kind: "device",
        position_s: LONG * 10,
        state: "interrupted",
      }),
    ],
    moments: longMoments(LONG),
    log: [],
  };
  const longest = {
    session: makeSession("long-year", {
      created_wall_s: now_s - 30 * 86_400,
      duration_s: LONGEST * 10,
      moments: LONGEST,
      bytes: 1_880_000_000,
    }),
    sources: [makeSource({ url: "/dev/video1", kind: "device", position_s: LONGEST * 10 })],
    moments: longMoments(LONGEST),
    log: [],
  };
  return new Map(
    Object.entries({ kitchen, "front-door": door, "long-night": long, "long-year": longest }),
  );
}
