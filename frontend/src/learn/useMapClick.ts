// Whether a part was chosen on the map during a step: the draft alone does not say how it came.
import { useEffect, useState } from "react";

/** True once a part of the map was clicked, or chosen there by a key, since the step began. */
export function useMapClick(step: string): boolean {
  const [clicked, setClicked] = useState<string | null>(null);
  useEffect(() => {
    const onClick = ({ target }: MouseEvent) => {
      if (target instanceof Element && target.closest('[aria-label="Model map"] [data-key]'))
        setClicked(step);
    };
    document.addEventListener("click", onClick);
    return () => document.removeEventListener("click", onClick);
  }, [step]);
  return clicked === step;
}
