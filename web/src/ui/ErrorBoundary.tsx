import { Component, type ReactNode } from "react";

import { t } from "../strings";
import { ErrorNote } from "./ErrorNote";

/** Shows a fault of the page itself in place of a blank screen. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { message: string | null }> {
  override state: { message: string | null } = { message: null };

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === null) return this.props.children;
    return (
      <main className="page">
        <ErrorNote
          message={t("app.broken", { message })}
          action={t("app.reload")}
          onAction={() => window.location.reload()}
        />
      </main>
    );
  }
}
