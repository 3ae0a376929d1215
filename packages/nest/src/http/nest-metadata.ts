/** Where Nest keeps which HTTP method a handler answers. */
export const METHOD_METADATA = 'method'

/** The methods that objects of a class have, inherited ones included; of those of one name, the one that is called. */
export function methodsIn(prototype: object): [key: string | symbol, method: object][] {
  const found = new Map<string | symbol, object>()
  for (let level: object | null = prototype; level !== null && level !== Object.prototype;) {
    for (const key of Reflect.ownKeys(level)) {
      const method: unknown = Object.getOwnPropertyDescriptor(level, key)?.value
      if (typeof method === 'function' && key !== 'constructor' && !found.has(key)) found.set(key, method)
    }
    level = Object.getPrototypeOf(level) as object | null
  }
  return [...found]
}
