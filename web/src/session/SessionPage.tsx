import { useState } from "react";

import { go, sessionsHref } from "../route";
import { t } from "../strings";
import { DeleteDialog } from "../ui/DeleteDialog";
import { ErrorNote } from "../ui/ErrorNote";
import { Header } from "../ui/Header";
import { Icon } from "../ui/Icon";
import { SessionView } from "./SessionView";
import { useSession } from "./useSession";

interface SessionPageProps {
  id: string;
  /** The time the address asks for. */
  start_s: number | null;
}

export function SessionPage({ id, start_s }: SessionPageProps) {
  const open = useSession(id);
  const { state, error, retry } = open;
  const [deleting, setDeleting] = useState(false);

  const title = (
    <>
      <h1 title={id}>{id}</h1>
      {state.session?.running === true && <span className="badge live">{t("list.running")}</span>}
    </>
  );
  const actions = state.session !== null && (
    <button
      type="button"
      className="icon-button"
      aria-label={t("session.delete")}
      title={t("session.delete")}
      onClick={() => setDeleting(true)}
    >
      <Icon name="trash" />
    </button>
  );

  return (
    <div className="session-page">
      <Header title={title} actions={actions} />
      {error !== null && (
        <main id="main" className="page" tabIndex={-1}>
          <h2>{t("session.failed")}</h2>
          <ErrorNote message={error.message} action={t("retry")} onAction={retry} />
          <p>
            <a href={sessionsHref}>{t("session.back")}</a>
          </p>
        </main>
      )}
      {error === null && state.session === null && (
        <main id="main" className="page" tabIndex={-1}>
          <p className="quiet" role="status">
            {t("session.loading", { id })}
          </p>
        </main>
      )}
      {error === null && state.session !== null && (
        <SessionView id={id} open={open} start_s={start_s} />
      )}
      {deleting && (
        <DeleteDialog
          id={id}
          onClose={() => setDeleting(false)}
          onDeleted={() => go(sessionsHref)}
        />
      )}
    </div>
  );
}
