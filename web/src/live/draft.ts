/** What a call adds to the dialogue before the log knows of it. */

import { isAwaited } from "../session/exchanges";
import type { Exchange } from "../session/state";
import type { CallState } from "./state";

export interface DialogueDraft {
  /** The answer so far to the question that awaits one. */
  coming: string;
  /** What is being said to OmniLive, where the dialogue does not show it yet. */
  said: string;
  /** What OmniLive says, where no question of the dialogue awaits it. */
  reply: string;
}

export function draftOf(call: CallState | null, exchanges: Exchange[]): DialogueDraft {
  if (call?.phase !== "live") return { coming: "", said: "", reply: "" };
  const { caption, reply, voice } = call;
  const last = exchanges.at(-1);
  const said = caption.trim() === last?.question.trim() ? "" : caption.trim();
  if (last && isAwaited(last)) return { coming: reply, said, reply: "" };
  const known = last?.answer?.text ?? last?.reply?.full ?? "";
  const busy = voice === "thinking" || voice === "speaking" || voice === "paused";
  const isNew = busy && reply.trim() !== "" && !known.includes(reply.trim());
  return { coming: "", said, reply: isNew ? reply : "" };
}
