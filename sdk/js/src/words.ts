/** The words of a list: what an attribute holds with spaces between, or what an owner's code has as an array. */
export const words = (list: string | readonly string[] = []): readonly string[] =>
  typeof list === "string" ? list.split(" ").filter(Boolean) : list;
