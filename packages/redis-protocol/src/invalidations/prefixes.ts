/** Those that begin with no other one, each once: a server refuses prefixes of which one contains another. */
export function mergePrefixes(prefixes: Iterable<string>): readonly string[] {
  const all = [...new Set(prefixes)].sort()
  return all.filter((each, index) => !covers(all.slice(0, index), each))
}

/** Every key that begins with `prefix` begins with one of these. */
export function covers(prefixes: readonly string[], prefix: string): boolean {
  return prefixes.some((each) => prefix.startsWith(each))
}
