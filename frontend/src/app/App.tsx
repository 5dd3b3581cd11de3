import { lazy, Suspense, useState } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { useReattach } from "../api/jobs";
import { useKeys } from "../lib/hooks";
import { PLACES } from "../lib/keyList";
import { focusSearch } from "../lib/rows";
import { useAside } from "../state/aside";
import { toWorkbench } from "../state/last";
import { useModelExample } from "../state/useModelExample";
import { Empty } from "../ui/ui";
import { Workbench } from "../workbench/Workbench";
import { Broken } from "./Broken";
import { useHeartbeat } from "./heartbeat";
import { KeySheet } from "./KeySheet";
import { Rail } from "./Rail";
import { StatusBar } from "./StatusBar";
import css from "./shell.module.css";
import { TopStrip } from "./TopStrip";
import { useArrival } from "./useArrival";
import { useTitle } from "./useTitle";

const CapturesView = lazy(() => import("../captures/CapturesView"));
const Explorer = lazy(() =>
  import("../explorer/Explorer").then((view) => ({ default: view.Explorer })),
);
const HistoryView = lazy(() => import("../history/HistoryView"));
const CompareView = lazy(() => import("../compare/CompareView"));
const LearnView = lazy(() => import("../learn/LearnView"));
const TaskView = lazy(() => import("../learn/TaskView"));
const AsidePanel = lazy(() => import("../learn/AsidePanel"));
const Models = lazy(() => import("../models/Models"));

const TITLES: Record<string, string> = {
  w: "Workbench",
  e: "Experiment",
  s: "Explorer",
  h: "History",
  a: "Captures",
  c: "Compare",
  learn: "Learn",
  m: "Models",
};

export function App() {
  const [path, go] = useLocation();
  const [sheet, setSheet] = useState(false);
  const { updated } = useHeartbeat();
  useModelExample();
  const aside = useAside(({ word, lesson }) => word !== null || lesson !== null);
  useReattach();
  useKeys({
    ...Object.fromEntries(
      Object.entries(PLACES).map(([key, { to }]) => [
        `g ${key}`,
        () => go(to === "/w" ? toWorkbench() : to),
      ]),
    ),
    "?": () => setSheet(true),
    "/": () => focusSearch() || go("/h", { state: { search: true } }),
    "g g": () => document.querySelector<HTMLElement>("main [role=grid]")?.focus(),
  });
  const title = TITLES[path.split("/")[1] ?? ""];
  useArrival(path);
  useTitle(path, title);

  return (
    <div className={css.shell}>
      <a href="#main" className={css.skip}>
        Skip to the content
      </a>
      <Rail path={path} />
      <TopStrip onKeys={() => setSheet(true)} />
      <main id="main" className={css.main} tabIndex={-1}>
        <h1 className="visually-hidden">{title ?? "NeuronScope"}</h1>
        <Broken at={path}>
          <Suspense fallback={<p className={css.loading}>Loading…</p>}>
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
              <Route path="/a/:id?">{({ id }) => <CapturesView id={id ?? null} />}</Route>
              <Route path="/c">
                <CompareView />
              </Route>
              <Route path="/learn">
                <LearnView word={null} />
              </Route>
              <Route path="/learn/words/:word?">
                {({ word }) => <LearnView word={word ?? null} />}
              </Route>
              <Route path="/learn/:lesson/:step">
                {({ lesson, step }) => <TaskView lesson={lesson} step={step} />}
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
          </Suspense>
        </Broken>
      </main>
      {aside && (
        <Suspense fallback={null}>
          <AsidePanel />
        </Suspense>
      )}
      <StatusBar updated={updated} />
      {sheet && <KeySheet onClose={() => setSheet(false)} />}
    </div>
  );
}
