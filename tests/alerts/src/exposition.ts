/** What a scrape shows: the labels of each metric, by the name that PromQL knows it by. */
export type Exposed = ReadonlyMap<string, ReadonlySet<string>>

/** Reads Prometheus' text format. A metric that has no sample yet is there without labels. */
export function exposedIn(text: string): Exposed {
  const exposed = new Map<string, Set<string>>()
  const labelsOf = (name: string): Set<string> => {
    const labels = exposed.get(name) ?? new Set()
    exposed.set(name, labels)
    return labels
  }
  for (const line of text.split('\n')) {
    const [, declared, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (declared !== undefined) for (const suffix of suffixesOf(type)) labelsOf(declared + suffix)
    const [, name, inBraces] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    if (name === undefined) continue
    const labels = labelsOf(name)
    for (const [, label = ''] of (inBraces ?? '').matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) labels.add(label)
  }
  return exposed
}

function suffixesOf(type: string | undefined): readonly string[] {
  if (type === 'histogram') return ['_bucket', '_sum', '_count']
  return type === 'summary' ? ['', '_sum', '_count'] : ['']
}
