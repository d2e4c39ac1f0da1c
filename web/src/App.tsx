import { useEffect } from "react";

import { useRoute } from "./route";
import { SessionPage } from "./session/SessionPage";
import { SessionsPage } from "./sessions/SessionsPage";
import { t } from "./strings";
import { ErrorBoundary } from "./ui/ErrorBoundary";

export function App() {
  const route = useRoute();
  const id = route.view === "session" ? route.id : null;

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
