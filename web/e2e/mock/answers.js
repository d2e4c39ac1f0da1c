// Canned answers and a word search over what the mock remembers.

/** @typedef {import("./data.js").Stored} Stored */

/** @param {Stored} stored */
function facts({ moments }) {
  return moments.flatMap(({ facts, keyframe }) => facts.map((fact) => ({ ...fact, keyframe })));
}

/** @param {string} text */
function words(text) {
  return text.toLowerCase().match(/[a-z0-9]{3,}/g) ?? [];
}

/** @param {Stored} stored @param {string} q @param {number} limit */
export function search(stored, q, limit) {
  const wanted = words(q);
  return facts(stored)
    .map((fact) => ({
      ...fact,
      score: wanted.filter((word) => fact.text.toLowerCase().includes(word)).length,
    }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, limit);
}

/** @param {Stored} stored @param {string} question @param {number | null} t */
export function answer(stored, question, t) {
  const known = search(
    stored,
    question.replace(/\b(the|was|what|and|when|who|said)\b/gi, " "),
    3,
  ).filter((fact) => t === null || fact.start_s <= t);
  const asked = /what was said/i.test(question);
  const evidence = asked
    ? facts(stored)
        .filter(({ kind }) => kind === "speech")
        .slice(0, 3)
    : known;
  const supported = evidence.length > 0;
  return {
    type: "answer",
    session: stored.session.id,
    t: t ?? stored.session.duration_s,
    question,
    text: supported
      ? evidence
          .map(({ text }) => (text.endsWith(".") || text.endsWith("!") ? text : `${text}.`))
          .join(" ")
      : "Nothing I saw or heard tells me that.",
    evidence,
    supported,
    model: "scripted",
    timing: { recall_s: 0.01, first_token_s: 0.2, total_s: 0.42 },
  };
}
