import type { Session } from "../api/types";
import { age, bytes, clock } from "../format";
import { sessionHref } from "../route";
import { t, tn } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import { useCover } from "./useCover";

interface SessionCardProps {
  session: Session;
  onDelete: (id: string) => void;
}

/** One session of the list: its last picture, its name and its size. */
export function SessionCard({ session, onDelete }: SessionCardProps) {
  const { id, running, moments, duration_s } = session;
  const cover = useCover(id, moments);
  return (
    <li className="card session-card">
      <a className="session-link" href={sessionHref(id)}>
        <span className="cover" aria-hidden="true">
          {cover === null ? <Icon name="scene" size={32} /> : <img src={cover} alt="" />}
          {running && <span className="badge live">{t("list.running")}</span>}
          <span className="badge time">{clock(duration_s)}</span>
        </span>
        <span className="session-name">{id}</span>
      </a>
      {session.error && <ErrorNote message={session.error} />}
      <p className="session-facts">
        <span className="visually-hidden">
          {running && `${t("list.running")}, `}
          {clock(duration_s)}
        </span>
        {session.created_wall_s > 0 && <span>{age(session.created_wall_s)}</span>}
        <span>{tn("list.moments", moments)}</span>
        <span>{bytes(session.bytes)}</span>
      </p>
      <button
        type="button"
        className="icon-button session-delete"
        aria-label={t("list.delete", { id })}
        title={t("list.delete", { id })}
        onClick={() => onDelete(id)}
      >
        <Icon name="trash" size={18} />
      </button>
    </li>
  );
}
