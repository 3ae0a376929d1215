import type { ModulesContainer } from '@nestjs/core'
import { InvalidArgumentError } from '@holdfast/core'
import { methodsIn } from '../http/nest-metadata.ts'

/** On a `@Cached` method that was given no prefix. */
export const DEFAULT_PREFIX = 'holdfast:cached:default-prefix'

export function defaultPrefix(self: object, method: string | symbol): string {
  const { name } = self.constructor
  if (name !== '') return `${name}.${String(method)}`
  throw new InvalidArgumentError(`@Cached on ${String(method)}: a class without a name needs a prefix.`)
}

/** Two classes of one name would share what their methods of one name return. @throws InvalidArgumentError */
export function refuseSharedPrefixes(modules: ModulesContainer): void {
  const known = new Map<string, object>()
  for (const { controllers, providers, injectables } of modules.values()) {
    for (const { metatype } of [...controllers.values(), ...providers.values(), ...injectables.values()]) {
      const prototype = (metatype as { readonly prototype?: object } | null)?.prototype
      if (typeof prototype !== 'object') continue
      for (const [method, found] of methodsIn(prototype)) {
        if (!Reflect.hasMetadata(DEFAULT_PREFIX, found)) continue
        const prefix: string = `${prototype.constructor.name}.${String(method)}`
        if ((known.get(prefix) ?? prototype) !== prototype) {
          throw new InvalidArgumentError(
            `@Cached on ${prefix}: two classes of that name would share their values; give prefix.`,
          )
        }
        known.set(prefix, prototype)
      }
    }
  }
}
