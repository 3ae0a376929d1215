import { KEY_DESCRIPTION, PROBLEM_ANSWERS } from '@holdfast/http'
import type { HttpIdempotencyDefaults } from './options.ts'

/** Where `@nestjs/swagger` keeps what `@ApiHeader` and `@ApiResponse` say of a handler; it is not needed for that. */
const PARAMETERS = 'swagger/apiParameters'
const RESPONSES = 'swagger/apiResponse'

interface Parameter {
  readonly in?: string
  readonly name?: string
}

/** What was said of a handler by an earlier call, to be replaced by what is known better now. */
const described = new WeakMap<object, Parameter>()

/**
 * Lets an OpenAPI document of the app name the header and the problem answers of an idempotent route. What the handler
 * says of them itself counts.
 */
export function describeRoute(handler: object, options: HttpIdempotencyDefaults): void {
  const { header: name = 'Idempotency-Key', required = true, key } = options
  const parameters = (Reflect.getMetadata(PARAMETERS, handler) ?? []) as readonly Parameter[]
  const others = parameters.filter((parameter) => parameter !== described.get(handler))
  const isNamed = others.some((parameter) => parameter.name?.toLowerCase() === name.toLowerCase())
  if (key === undefined && !isNamed) {
    const parameter = {
      in: 'header',
      name,
      required,
      description: KEY_DESCRIPTION,
      schema: { type: 'string' },
    }
    described.set(handler, parameter)
    Reflect.defineMetadata(PARAMETERS, [...others, parameter], handler)
  } else if (others.length < parameters.length) {
    Reflect.defineMetadata(PARAMETERS, others, handler)
  }
  const responses = (Reflect.getMetadata(RESPONSES, handler) ?? {}) as object
  Reflect.defineMetadata(RESPONSES, { ...PROBLEM_ANSWERS, ...responses }, handler)
}
