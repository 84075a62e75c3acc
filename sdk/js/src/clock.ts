/** Milliseconds that the site's clock is before the browser's, by a response of the site; 0 where it does not say. */
export const ahead = (response: Response): number => Date.parse(response.headers.get("date") ?? "") - Date.now() || 0;
