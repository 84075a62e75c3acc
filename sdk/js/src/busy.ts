const PATIENCE = 5000; // milliseconds

/** Whether what was pressed is waited for: said, and shown without any motion. Not by a style sheet, which may be what is waited for. */
export function busy(pressed: HTMLElement, isBusy: boolean): void {
  pressed.ariaBusy = `${isBusy}`;
  pressed.style.opacity = isBusy ? "0.7" : "";
}

/** Acts, and says that it waits; `late` is called where nothing came by then. Throws what `act` throws. */
export async function wait(pressed: HTMLElement, act: () => unknown, late: () => void): Promise<void> {
  busy(pressed, true);
  const timer = setTimeout(() => {
    busy(pressed, false);
    late();
  }, PATIENCE);
  try {
    await act();
  } finally {
    clearTimeout(timer);
    busy(pressed, false);
  }
}
