import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import { DEFAULT_NAME, getHoldfastToken, getInjectedProperty } from '../tokens.ts'
import { injectProperty, setProperty } from './injected-property.ts'

/** Has the instance of this name injected into every object of the class, and returns what finds it there. */
export function injectedHoldfast(prototype: object, name: string = DEFAULT_NAME): (self: object) => Holdfast {
  const property = getInjectedProperty(name)
  injectProperty(prototype, property, getHoldfastToken(name))
  return (self) => {
    const holdfast = (self as Record<symbol, Holdfast | undefined>)[property]
    if (holdfast !== undefined) return holdfast
    throw new InvalidArgumentError(
      `This ${self.constructor.name} was not made by Nest, so its decorated methods have no Holdfast. Take it from the container, or call attachHoldfast(object, holdfast) in a unit test.`,
    )
  }
}

/** For unit tests without a Nest container: what the decorated methods of `object` work with. */
export function attachHoldfast(object: object, holdfast: Holdfast, name: string = DEFAULT_NAME): void {
  setProperty(object, getInjectedProperty(name), holdfast)
}
