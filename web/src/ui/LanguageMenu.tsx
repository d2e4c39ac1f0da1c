import { LANGUAGES, setLanguage, t, useLanguage, type Language } from "../strings";

export function LanguageMenu() {
  const language = useLanguage();
  return (
    <select
      className="language"
      aria-label={t("language.label")}
      value={language}
      onChange={(event) => setLanguage(event.target.value as Language)}
    >
      {Object.entries(LANGUAGES).map(([key, name]) => (
        <option key={key} value={key} lang={key}>
          {name}
        </option>
      ))}
    </select>
  );
}
