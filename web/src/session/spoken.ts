/** What was heard of a text, and the rest of it. */

/** Cut `full` where `heard` ends; where it is worded differently, by its number of words. */
export function splitHeard(full: string, heard: string): [string, string] {
  const said = heard.trim();
  if (said === "") return ["", full.trim()];
  if (full.startsWith(said)) return [said, full.slice(said.length).trim()];
  const words = said.split(/\s+/).length;
  const cut = full
    .split(/(?<=\s)/)
    .slice(words)
    .join("");
  return [said, cut.trim()];
}
