import { t } from "../strings";

/** Tells a newcomer what to do and what to expect. */
export function EmptyState() {
  return (
    <section className="empty-state" aria-labelledby="empty-title">
      <h2 id="empty-title">{t("list.empty.title")}</h2>
      <ol>
        <li>{t("list.empty.1")}</li>
        <li>{t("list.empty.2")}</li>
        <li>{t("list.empty.3")}</li>
      </ol>
    </section>
  );
}
