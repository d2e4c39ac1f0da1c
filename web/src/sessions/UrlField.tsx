import { t } from "../strings";
import { isLiveAddress } from "./naming";

interface UrlFieldProps {
  url: string;
  onUrl: (url: string) => void;
  lifelike: boolean;
  onLifelike: (lifelike: boolean) => void;
}

/** An address or a path; for a file also how fast to watch it. */
export function UrlField({ url, onUrl, lifelike, onLifelike }: UrlFieldProps) {
  return (
    <>
      <label className="field">
        <span>{t("watch.url")}</span>
        <input
          value={url}
          onChange={(event) => onUrl(event.target.value)}
          placeholder={t("watch.url.example")}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          inputMode="url"
        />
      </label>
      {url.trim() !== "" && !isLiveAddress(url) && (
        <label className="check">
          <input
            type="checkbox"
            checked={lifelike}
            onChange={(event) => onLifelike(event.target.checked)}
          />
          <span>{t("watch.pace")}</span>
        </label>
      )}
    </>
  );
}
