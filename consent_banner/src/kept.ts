/** A layer that is drawn anew in another language: what its visitor opened, switched, scrolled and has focus in. */

const PARTS = "a,button,details,input,[tabindex]";

type Part = HTMLElement & { open?: boolean; checked?: boolean };

const parts = (layer: Element): Part[] => [...layer.querySelectorAll<Part>(PARTS)].reverse();

const edition = (layer: Element): string | undefined => layer.querySelector<HTMLInputElement>("[name=edition]")?.value;

/** Looks at a layer before it goes; answers what makes another one alike, if it asks the same. */
export function kept(old: Element): (made: Element) => void {
  const states = parts(old).map((part) => {
    const { open, checked, scrollTop } = part;
    return { focused: part === document.activeElement, state: { open, checked, scrollTop } };
  });
  const asked = edition(old);
  return (made) => {
    const all = parts(made);
    if (asked !== edition(made) || all.length !== states.length) return;
    all.forEach((part, n) => {
      const { focused, state } = states[n] as (typeof states)[number];
      Object.assign(part, state);
      if (focused) part.focus({ preventScroll: true });
    });
  };
}
