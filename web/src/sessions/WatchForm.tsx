import { useId, useState, type SubmitEvent } from "react";

import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Tabs } from "../ui/Tabs";
import { FileField } from "./FileField";
import { paceFor } from "./naming";
import { Progress } from "./Progress";
import { UrlField } from "./UrlField";
import { useWatch } from "./useWatch";

type From = "url" | "file";

interface WatchFormProps {
  /** The session to watch into; without one a new session is made. */
  into?: string;
  onStarted: (id: string) => void;
}

export function WatchForm({ into, onStarted }: WatchFormProps) {
  const [from, setFrom] = useState<From>("url");
  const [url, setUrl] = useState("");
  const [lifelike, setLifelike] = useState(false);
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const watch = useWatch(into, onStarted);
  const idBase = useId();

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (from === "url" && url.trim() === "") watch.fail(t("watch.url.missing"));
    else if (from === "url") {
      const pace = paceFor(url, lifelike);
      void watch.start({ kind: "url", url: url.trim(), pace }, name.trim());
    } else if (file === null) watch.fail(t("watch.file.missing"));
    else void watch.start({ kind: "file", file }, name.trim());
  }

  function create(): void {
    if (name.trim() === "") watch.fail(t("watch.create.missing"));
    else void watch.start({ kind: "nothing" }, name.trim());
  }

  return (
    <form className="card watch-form" onSubmit={submit} aria-label={t("watch.title")} noValidate>
      <div className="watch-head">
        <h2>{t("watch.title")}</h2>
        <Tabs
          label={t("watch.title")}
          idBase={idBase}
          chosen={from}
          onChoose={setFrom}
          tabs={[
            { name: "url", title: t("watch.link") },
            { name: "file", title: t("watch.file") },
          ]}
        />
      </div>
      <div className="watch-fields">
        <div
          role="tabpanel"
          id={`${idBase}-panel-${from}`}
          aria-labelledby={`${idBase}-tab-${from}`}
        >
          {from === "url" ? (
            <UrlField url={url} onUrl={setUrl} lifelike={lifelike} onLifelike={setLifelike} />
          ) : (
            <FileField file={file} onFile={setFile} />
          )}
        </div>
        {into === undefined && (
          <label className="field">
            <span>{t("watch.name")}</span>
            <input
              value={name}
              onChange={(event) => setName(event.target.value)}
              placeholder={t("watch.name.hint")}
              autoComplete="off"
              spellCheck={false}
            />
          </label>
        )}
      </div>
      {watch.progress !== null && <Progress fraction={watch.progress} onCancel={watch.cancel} />}
      {watch.error !== null && <ErrorNote message={watch.error} />}
      <div className="watch-actions">
        <button type="submit" className="button primary" disabled={watch.busy}>
          {watch.busy ? t("watch.busy") : t("watch.start")}
        </button>
        {into === undefined && (
          <button type="button" className="button plain" disabled={watch.busy} onClick={create}>
            {t("watch.create")}
          </button>
        )}
      </div>
    </form>
  );
}
