import type { LuaScript } from './scripts-in.ts'

/** Their first argument is a channel, or none. */
const WITHOUT_KEY = ['TIME', 'PUBLISH', 'SPUBLISH', 'PUBSUB']

/**
 * What a script does that breaks on Redis 6.2, in a cluster or on one of the clients, or does not say of itself: it uses exactly
 * the keys and arguments that it is called with, names them and what it returns in its first lines, touches only keys that it
 * declares, and leaves no number to `tostring`.
 */
export function scriptFaults({
  source,
  keys,
  args,
}: Pick<LuaScript, 'source' | 'keys' | 'args'>): readonly string[] {
  const faults: string[] = []
  const must = (holds: boolean, fault: string): void => void (holds || faults.push(fault))
  const code = source.replace(/--.*$/gm, '')
  const header = source.slice(0, source.search(/^(?!--)/m))
  const [usedKeys, usedArgs] = [highest(code, 'KEYS'), highest(code, 'ARGV')]
  if (keys !== Infinity) {
    must(usedKeys === keys, `it uses ${usedKeys} keys and is called with ${keys}`)
    must(usedArgs === args, `it uses ${usedArgs} arguments and is called with ${args}`)
  }
  must(/^-- [A-Z].*\n-- KEYS: 1 /.test(header), 'it does not begin with what it is for and its keys')
  must(args === 0 || /\n-- ARGV: 1 /.test(header), 'it does not say what its arguments are')
  must(/\n-- Returns /.test(header), 'it does not say what it returns')
  for (let i = 2; i <= usedKeys; i += 1)
    must(new RegExp(`KEYS: .*\\b${i} `).test(header), `it does not say what key ${i} is`)
  for (let i = 2; i <= usedArgs; i += 1)
    must(new RegExp(`ARGV: [^]*\\b${i} `).test(header), `it does not say what argument ${i} is`)
  must(!source.startsWith('#!'), 'it has a shebang, which Redis 6.2 does not know')
  must(!/\btostring\b/.test(code), 'it leaves a number to tostring, which writes 1.7e+15')
  const declared = keys === Infinity ? /^KEYS\[(?:\d+|k \+ \d|key)\]$/ : /^KEYS\[\d+\]$/
  const derived = derivedFrom(code)
  for (const [, command = '', first = ''] of code.matchAll(/\bp?call\('([A-Z]+)'(?:, ([^,)]+))?/g)) {
    // A script that runs another one on the rest of its keys takes its own off them first.
    const isTaken = code.includes(`local ${first} = table.remove(KEYS, 1)`)
    const isDerived = derived.has(/^\w+(?=$| \.\.)/.exec(first)?.[0] ?? '')
    const isKnown = isTaken || isDerived || declared.test(first) || WITHOUT_KEY.includes(command)
    must(isKnown, `${command} touches ${first}`)
  }
  return faults
}

function highest(code: string, table: string): number {
  const used = code.matchAll(new RegExp(`\\b${table}\\[(\\d+)\\]`, 'g'))
  return Math.max(0, ...Array.from(used, ([, index]) => Number(index)))
}

/**
 * The names of keys that a script makes of the prefix of its first key, where it finds the id of a record itself: they lie in the
 * slot of that key when the prefix has a hash tag.
 */
function derivedFrom(code: string): ReadonlySet<string> {
  const derived = new Set<string>()
  if (/local prefix = string\.sub\(KEYS\[1\], 1, -\d+\)/.test(code)) derived.add('prefix')
  for (const [, names = '', values = ''] of code.matchAll(/local ([\w, ]+) = (.+)/g)) {
    const parts = values.split(', ')
    for (const [i, name] of names.split(', ').entries())
      if (derived.has(/^(\w+) \.\./.exec(parts[i] ?? '')?.[1] ?? '')) derived.add(name)
  }
  return derived
}
