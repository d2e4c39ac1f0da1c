import type { Latency } from "../api/types";
import { seconds } from "../format";
import { t } from "../strings";
import { steps } from "./latency";

/** Where the time of a turn went, step by step, from the last word said. */
export function Waterfall({ latency }: { latency: Latency }) {
  const parts = steps(latency);
  const last = parts.at(-1);
  if (!last) return null;
  const first = parts.find(({ name }) => name === "first_audio") ?? last;
  return (
    <details className="latency">
      <summary>
        {seconds(first.end_s)} · {t("latency.show")}
      </summary>
      <table>
        <caption>{t("latency.title")}</caption>
        <tbody>
          {parts.map(({ name, start_s, end_s }) => (
            <tr key={name}>
              <th scope="row">{t(`latency.${name}`)}</th>
              <td>
                <svg className="latency-bar" viewBox="0 0 100 8" preserveAspectRatio="none">
                  <rect
                    x={(start_s / last.end_s) * 100}
                    width={Math.max(1, ((end_s - start_s) / last.end_s) * 100)}
                    height={8}
                    rx={1}
                  />
                </svg>
              </td>
              <td className="latency-time">{seconds(end_s)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
