/** A style sheet exports nothing. */
export {};
