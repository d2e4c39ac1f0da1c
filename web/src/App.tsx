import { useEffect } from "react";

import { keepCallOf } from "./live/calls";
import { useRoute } from "./route";
import { SessionPage } from "./session/SessionPage";
import { SessionsPage } from "./sessions/SessionsPage";
import { t, useLanguage } from "./strings";
import { ErrorBoundary } from "./ui/ErrorBoundary";

export function App() {
  const route = useRoute();
  const id = route.view === "session" ? route.id : null;

  const language = useLanguage(); // one change of it draws everything anew

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  useEffect(() => keepCallOf(id), [id]);

  useEffect(() => {
    document.title = id === null ? t("app.name") : `${id} · ${t("app.name")}`;
  }, [id]);

  return (
    <ErrorBoundary key={id ?? ""}>
      {route.view === "session" ? (
        <SessionPage key={route.id} id={route.id} start_s={route.t} />
      ) : (
        <SessionsPage />
      )}
    </ErrorBoundary>
  );
}
