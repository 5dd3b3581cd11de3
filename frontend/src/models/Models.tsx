import { useModel } from "../api/queries";
import { Panel } from "../ui/ui";
import { Loaded } from "./Loaded";
import { ModelList } from "./ModelList";
import css from "./models.module.css";

/** The models of the registry, and what was found out about the loaded one. */
export default function Models() {
  const info = useModel().data?.info;
  return (
    <div className={css.view}>
      <Panel title="Models">
        <ModelList />
      </Panel>
      {info && <Loaded info={info} />}
    </div>
  );
}
