/** JSON of plain values, whatever a page hung on a prototype as `toJSON`. */
export const json = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(json)}]`
    : value && typeof value === "object"
      ? `{${Object.entries(value).map(([key, each]) => `"${key}":${json(each)}`)}}`
      : JSON.stringify(value);
