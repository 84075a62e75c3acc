/** The screen as a class word, in steps, or exact; the bounds are those of observe/screen.py. */
const STEP = 100; // CSS pixels

export function screenAt(level: number, width: number, height: number): string | readonly [number, number] {
  if (level > 2) return [width, height];
  const wide = width - (width % STEP);
  const high = height - (height % STEP);
  if (level > 1) return [wide, high];
  if (Math.min(wide, high) < 600) return "phone";
  return wide < high && wide < 1100 ? "tablet" : "desktop";
}
