/** Whether a name is one of these names or globs, in which `*` stands for anything. */
export const matches = (name: string, globs: readonly string[]): boolean =>
  globs.some((glob) => {
    const parts = glob.split("*").map((part) => part.replace(/[$()+.?[\\\]^{|}]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
  });
