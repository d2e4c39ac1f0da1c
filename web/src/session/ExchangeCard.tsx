import type { Answer } from "../api/types";
import { clock, seconds } from "../format";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { EvidenceChip } from "./EvidenceChip";
import type { Exchange } from "./state";
import type { Highlight } from "./usePlayhead";

interface ExchangeCardProps {
  id: string;
  exchange: Exchange;
  onShow: (t: number, highlight?: Highlight) => void;
}

/** One question with what became of it. */
export function ExchangeCard({ id, exchange, onShow }: ExchangeCardProps) {
  const { question, asOf_s, answer, error } = exchange;
  return (
    <article className="exchange" aria-label={question}>
      <p className="question">
        {question}
        {asOf_s !== null && (
          <span className="as-of"> {t("ask.asof", { time: clock(asOf_s) })}</span>
        )}
      </p>
      {answer === null && error === null && <p className="thinking">{t("ask.thinking")}</p>}
      {error !== null && <ErrorNote message={error} />}
      {answer && <AnswerText id={id} answer={answer} onShow={onShow} />}
    </article>
  );
}

function AnswerText({
  id,
  answer,
  onShow,
}: {
  id: string;
  answer: Answer;
  onShow: ExchangeCardProps["onShow"];
}) {
  const { text, supported, evidence, timing, model } = answer;
  return (
    <div className="answer" data-supported={supported}>
      {!supported && <p className="unsupported">{t("ask.unsupported")}</p>}
      <p className="answer-text">{text}</p>
      {evidence.length > 0 && (
        <ul className="chips" aria-label={t("evidence.label")}>
          {evidence.map((item, at) => (
            <li key={`${item.id}-${at}`}>
              <EvidenceChip id={id} evidence={item} onShow={onShow} />
            </li>
          ))}
        </ul>
      )}
      <p className="fine">{t("ask.timing", { total: seconds(timing.total_s), model })}</p>
    </div>
  );
}
