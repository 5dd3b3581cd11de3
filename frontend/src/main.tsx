import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/queries";
import { takeToken } from "./api/token";
import { App } from "./app/App";
import { startTheme } from "./lib/theme";
import { keepDrafts } from "./state/kept";
import "./styles/tokens.css";
import "./styles/base.css";

takeToken(window.location, window.history, localStorage);
startTheme();
keepDrafts(localStorage);

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
