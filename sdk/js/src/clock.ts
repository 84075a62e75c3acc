/**
 * Milliseconds that the site's clock is before the browser's, by a response of the site; 0 where it does not say. A copy in
 * a shared cache says when it was made, and how many seconds ago that is: by the first alone an answer would last longer.
 */
export const ahead = ({ headers }: Response): number =>
  Date.parse(headers.get("date") as string) + (headers.get("age") as never) * 1000 - Date.now() || 0;
