import type { ReactNode } from "react";

import { sessionsHref } from "../route";
import { t } from "../strings";
import { LanguageMenu } from "./LanguageMenu";
import { Logo } from "./Logo";
import { ThemeToggle } from "./ThemeToggle";

/** The bar on top: the way home, what is open, and what can be done with it. */
export function Header({ title, actions }: { title?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="header">
      <a className="skip" href="#main" onClick={skipToMain}>
        {t("app.skip")}
      </a>
      <a
        className="brand"
        href={sessionsHref}
        aria-label={`${t("app.name")}: ${t("app.sessions")}`}
      >
        <Logo />
        <span className="brand-name">{t("app.name")}</span>
      </a>
      <div className="header-title">{title}</div>
      {actions}
      <LanguageMenu />
      <ThemeToggle />
    </header>
  );
}

// The part of the address after `#` is the route, so a plain link would leave the page.
function skipToMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
