import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import { locale } from "./strings";
import "./styles/index.css";
import { applyTheme } from "./theme";

applyTheme();
document.documentElement.lang = locale;

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
