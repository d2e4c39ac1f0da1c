import { t } from "../strings";
import { splitHeard } from "./spoken";
import type { Reply } from "./state";

/** What was said; after an interruption, what was heard of it apart from what was not. */
export function SpokenText({ reply, text }: { reply: Reply; text: string | undefined }) {
  const { heard, full, interrupted } = reply;
  if (!interrupted) return <p className="answer-text">{text ?? full}</p>;
  const [before, after] = splitHeard(text ?? full, heard);
  return (
    <>
      {before !== "" && <p className="answer-text">{before}</p>}
      <p className="interrupted">{t(before === "" ? "turn.cancelled" : "turn.heard")}</p>
      {after !== "" && (
        <p className="unheard">
          <span className="visually-hidden">{t("turn.unheard")} </span>
          {after}
        </p>
      )}
    </>
  );
}
