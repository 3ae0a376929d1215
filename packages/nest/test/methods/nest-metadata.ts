/** Nest's own keys, which it does not export. */
export const PATH_METADATA = 'path'
export const METHOD_METADATA = 'method'
