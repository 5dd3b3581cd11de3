import { lazy, Suspense, useEffect } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { Explorer } from "../explorer/Explorer";
import { HistoryView } from "../history/HistoryView";
import { useKeys } from "../lib/hooks";
import { Models } from "../models/Models";
import { Empty } from "../ui/ui";
import { Workbench } from "../workbench/Workbench";
import { Rail } from "./Rail";
import { StatusBar } from "./StatusBar";
import css from "./shell.module.css";
import { TopStrip } from "./TopStrip";

const CapturesView = lazy(() => import("../captures/CapturesView"));

const TITLES: Record<string, string> = {
  w: "Workbench",
  e: "Experiment",
  s: "Explorer",
  h: "History",
  a: "Captures",
  m: "Models",
};

export function App() {
  const [path, go] = useLocation();
  useKeys({
    "g w": () => go("/w"),
    "g s": () => go("/s"),
    "g h": () => go("/h"),
    "g a": () => go("/a"),
    "g m": () => go("/m"),
  });
  const title = TITLES[path.split("/")[1] ?? ""];
  useEffect(() => {
    document.title = title ? `${title} · NeuronScope` : "NeuronScope";
  }, [title]);

  return (
    <div className={css.shell}>
      <a href="#main" className={css.skip}>
        Skip to the content
      </a>
      <Rail path={path} />
      <TopStrip />
      <main id="main" className={css.main} tabIndex={-1}>
        <h1 className="visually-hidden">{title ?? "NeuronScope"}</h1>
        <Switch>
          <Route path="/">
            <Redirect to="/w" replace />
          </Route>
          <Route path="/w">
            <Workbench id={null} />
          </Route>
          <Route path="/e/:id">{({ id }) => <Workbench id={id} />}</Route>
          <Route path="/s/:id?">{({ id }) => <Explorer id={id ?? null} />}</Route>
          <Route path="/h">
            <HistoryView />
          </Route>
          <Route path="/a/:id?">
            {({ id }) => (
              <Suspense fallback={<p role="status">Reading…</p>}>
                <CapturesView id={id ?? null} />
              </Suspense>
            )}
          </Route>
          <Route path="/m">
            <Models />
          </Route>
          <Route>
            <Empty title="There is nothing at this address">
              <a href="/w">Open the workbench</a>
            </Empty>
          </Route>
        </Switch>
      </main>
      <StatusBar />
    </div>
  );
}
