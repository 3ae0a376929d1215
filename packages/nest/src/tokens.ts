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

/** The injection token of what the idempotent routes of an instance share. */
export function getHttpRuntimeToken(name: string): symbol {
  return token(name, 'http')
}

/** Symbols of the global registry: the same for every copy of this package, and readable in Nest's error messages. */
function token(name: string, part: string): symbol {
  return Symbol.for(`holdfast:${name}:${part}`)
}
