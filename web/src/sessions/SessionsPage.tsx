import { useCallback, useEffect, useState } from "react";

import { listSessions } from "../api/client";
import { asApiError } from "../api/request";
import type { Session } from "../api/types";
import { LiveStart } from "../live/LiveStart";
import { go, sessionHref } from "../route";
import { t } from "../strings";
import { DeleteDialog } from "../ui/DeleteDialog";
import { ErrorNote } from "../ui/ErrorNote";
import { Header } from "../ui/Header";
import { EmptyState } from "./EmptyState";
import { SessionCard } from "./SessionCard";
import { WatchForm } from "./WatchForm";

const REFRESH_S = 4;

/** The first view: what can be asked about, and a form to watch something new. */
export function SessionsPage() {
  const [sessions, setSessions] = useState<Session[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [deleting, setDeleting] = useState<string | null>(null);

  const load = useCallback(async () => {
    try {
      const listed = await listSessions();
      setSessions(listed.sort((a, b) => b.created_wall_s - a.created_wall_s));
      setError(null);
    } catch (thrown) {
      setError(asApiError(thrown).message);
    }
  }, []);

  useEffect(() => {
    const visible = () => {
      if (document.visibilityState === "visible") void load();
    };
    visible();
    const timer = window.setInterval(visible, REFRESH_S * 1000);
    return () => window.clearInterval(timer);
  }, [load]);

  return (
    <>
      <Header />
      <main id="main" className="page" tabIndex={-1}>
        <div className="page-intro">
          <h1>{t("list.title")}</h1>
          <p className="lead">{t("list.lead")}</p>
        </div>
        <section className="card live-card" aria-labelledby="live-title">
          <div>
            <h2 id="live-title">{t("live.title")}</h2>
            <p className="lead">{t("live.lead")}</p>
          </div>
          <LiveStart onStarted={(id) => go(sessionHref(id))} />
        </section>
        <WatchForm onStarted={(id) => go(sessionHref(id))} />
        {error !== null && (
          <ErrorNote message={error} action={t("retry")} onAction={() => void load()} />
        )}
        {sessions === null && error === null && <p className="quiet">{t("loading")}</p>}
        {sessions?.length === 0 && <EmptyState />}
        {sessions !== null && sessions.length > 0 && (
          <ul className="session-list" aria-label={t("app.sessions")}>
            {sessions.map((session) => (
              <SessionCard key={session.id} session={session} onDelete={setDeleting} />
            ))}
          </ul>
        )}
        {deleting !== null && (
          <DeleteDialog
            id={deleting}
            onClose={() => setDeleting(null)}
            onDeleted={() => {
              setDeleting(null);
              void load();
            }}
          />
        )}
      </main>
    </>
  );
}
