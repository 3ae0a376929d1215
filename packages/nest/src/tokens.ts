/** The name of the instance that is meant when none is given. */
export const DEFAULT_NAME = 'default'

/** The injection token of an instance: `moduleRef.get(getHoldfastToken('orders'))`. */
export function getHoldfastToken(name: string = DEFAULT_NAME): symbol {
  return token(name, 'holdfast')
}

/** The injection token of an instance's locks. */
export function getLocksToken(name: string = DEFAULT_NAME): symbol {
  return token(name, 'locks')
}

/** The injection token of an instance's jobs. */
export function getIdempotencyToken(name: string = DEFAULT_NAME): symbol {
  return token(name, 'idempotency')
}

/** The injection token of an instance's cache. */
export function getCacheToken(name: string = DEFAULT_NAME): symbol {
  return token(name, 'cache')
}

/** The injection token of an instance's health indicator. */
export function getHealthIndicatorToken(name: string = DEFAULT_NAME): symbol {
  return token(name, 'health')
}

/** The property of decorated objects that this part of an instance is injected into. */
export function getInjectedProperty(
  name: string = DEFAULT_NAME,
  part: 'holdfast' | 'http' = 'holdfast',
): symbol {
  return token(name, `${part}, injected for a decorator,`)
}

/** The injection token of what the idempotent routes of an instance share. */
export function getHttpRuntimeToken(name: string): symbol {
  return token(name, 'http')
}

/** The injection token of what `forRoot` was given. */
export function getSettingsToken(name: string): symbol {
  return Symbol.for(`${SETTINGS}${name}`)
}

/** The name of the instance whose settings these are; undefined for other tokens. */
export function nameOfSettings(token: symbol): string | undefined {
  const text = Symbol.keyFor(token)
  return text?.startsWith(SETTINGS) ? text.slice(SETTINGS.length) : undefined
}

const SETTINGS = 'holdfast:settings:'

/**
 * Symbols of the global registry: the same for every copy of this package. Nest shows their text when it cannot inject
 * one, so it says what to import.
 */
function token(name: string, part: string): symbol {
  const call = name === DEFAULT_NAME ? 'forRoot()' : `forRoot({ name: '${name}' })`
  return Symbol.for(`${part} of HoldfastModule.${call} from @holdfast/nest, which the root module imports`)
}
