import { Inject, type InjectionToken } from '@nestjs/common'

type Listener = (value: unknown) => void

/** What waits for an injection into objects of a class, by prototype and property. */
const listeners = new WeakMap<object, Map<symbol, Set<Listener>>>()

/**
 * Lets Nest inject `token` into every object of a class, as a hidden property. So what a decorator needs
 * comes from the app that made the object, in any scope, and an app that lacks it is refused when it starts.
 */
export function injectProperty(prototype: object, property: symbol, token: InjectionToken): void {
  if (property in prototype) return
  Object.defineProperty(prototype, property, {
    configurable: true,
    get: () => undefined,
    // Nest assigns. The object's own property is hidden, so that it is neither logged nor compared with the others.
    set(this: object, value: unknown) {
      setProperty(this, property, value)
      define(this, property, value)
    },
  })
  Inject(token)(prototype, property)
}

/** Sets it by hand. */
export function setProperty(object: object, property: symbol, value: unknown): void {
  Object.defineProperty(object, property, { value, configurable: true, writable: true })
}

/** Calls with each value that is injected into an object of this class or of one that extends it. */
export function onInjected(prototype: object, property: symbol, listener: Listener): void {
  const known = listeners.get(prototype) ?? new Map<symbol, Set<Listener>>()
  listeners.set(prototype, known)
  known.set(property, (known.get(property) ?? new Set<Listener>()).add(listener))
}

function define(object: object, property: symbol, value: unknown): void {
  for (let above = prototypeOf(object); above !== null; above = prototypeOf(above)) {
    for (const listener of listeners.get(above)?.get(property) ?? []) listener(value)
  }
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null
}
