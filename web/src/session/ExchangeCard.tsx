import type { Answer } from "../api/types";
import { clock, seconds } from "../format";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { EvidenceList } from "./EvidenceList";
import { isAwaited } from "./exchanges";
import { SpokenText } from "./SpokenText";
import type { Exchange } from "./state";
import type { Highlight } from "./usePlayhead";
import { Waterfall } from "./Waterfall";

interface ExchangeCardProps {
  id: string;
  exchange: Exchange;
  /** What is being answered just now, as it comes. */
  coming?: string;
  /** The talk has gone on since: a spoken question that has no answer by now gets none. */
  passed?: boolean;
  onShow: (t: number, highlight?: Highlight) => void;
}

/** One question with what became of it. */
export function ExchangeCard({
  id,
  exchange,
  coming = "",
  passed = false,
  onShow,
}: ExchangeCardProps) {
  const { question, asOf_s, spoken, answer, reply, error } = exchange;
  const awaited = isAwaited(exchange) && !(spoken && passed);
  return (
    <article className="exchange" aria-label={question === "" ? t("turn.unasked") : question}>
      {question !== "" && (
        <p className="question">
          {spoken && (
            <span className="spoken-sign" title={t("turn.spoken")}>
              <Icon name="microphone" size={14} />
              <span className="visually-hidden">{t("turn.spoken")}: </span>
            </span>
          )}
          {question}
          {asOf_s !== null && (
            <span className="as-of"> {t("ask.asof", { time: clock(asOf_s) })}</span>
          )}
        </p>
      )}
      {awaited && coming === "" && <p className="thinking">{t("ask.thinking")}</p>}
      {awaited && coming !== "" && <p className="answer-text coming">{coming}</p>}
      {error !== null && <ErrorNote message={error} />}
      {(answer ?? reply) && <AnswerText id={id} exchange={exchange} onShow={onShow} />}
    </article>
  );
}

function AnswerText({ id, exchange, onShow }: Omit<ExchangeCardProps, "coming" | "passed">) {
  const { answer, reply } = exchange;
  return (
    <div className="answer" data-supported={answer?.supported ?? true}>
      {answer?.supported === false && <p className="unsupported">{t("ask.unsupported")}</p>}
      {reply === null ? (
        <p className="answer-text">{answer?.text}</p>
      ) : (
        <SpokenText reply={reply} text={answer?.text} />
      )}
      {answer !== null && answer.evidence.length > 0 && (
        <EvidenceList id={id} evidence={answer.evidence} onShow={onShow} />
      )}
      {reply?.latency ? (
        <Waterfall latency={reply.latency} />
      ) : (
        answer && <Timing answer={answer} />
      )}
    </div>
  );
}

function Timing({ answer: { timing, model } }: { answer: Answer }) {
  return <p className="fine">{t("ask.timing", { total: seconds(timing.total_s), model })}</p>;
}
