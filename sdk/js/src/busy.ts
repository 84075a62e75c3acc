/** Whether what was pressed is waited for: said, and shown without any motion. Not by a style sheet, which may be what is waited for. */
export function busy(pressed: HTMLElement, isBusy: boolean): void {
  pressed.ariaBusy = `${isBusy}`;
  pressed.style.opacity = isBusy ? "0.6" : "";
}
