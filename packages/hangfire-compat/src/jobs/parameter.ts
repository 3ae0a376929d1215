import { InvalidArgumentError } from '@holdfast/core'
import { refuse } from '@holdfast/core/storage'
import { HangfireUnreadableError } from '../errors.ts'
import type { DateDialect } from '../wire/dates.ts'
import { optional } from '../wire/fields.ts'
import { type Json, parseJson } from '../wire/json.ts'
import { type TypeName, formatTypeName } from '../wire/type-name.ts'

/**
 * A parameter of a .NET method: its type, and how values travel. `Out` is what a handler gets, `In` what a caller may pass.
 * Make one with `t`.
 */
export interface Parameter<out Out, in In = Out> {
  readonly type: TypeName
  /** Whether null is a value of it. */
  readonly isNullable: boolean
  /** Whether it is a struct in .NET, which null cannot bind to. */
  readonly isValueType: boolean
  /**
   * JSON of a value that is not null.
   *
   * @param dates at level 110 an argument that is a date is bare; within lists and objects pass nothing
   * @throws InvalidArgumentError for what .NET could not bind
   */
  encode(name: string, value: In, dates?: DateDialect): string
  /** The value of an argument, as .NET would bind it. @throws HangfireUnreadableError for what .NET would refuse */
  decode(what: string, argument: string | null): Out
  /** The value of JSON that is not null, within a list or an object. */
  fromJson(what: string, json: Json): Out
  /** What it is made of, for a contract in C#. Absent: its type says all. */
  readonly shape?: Shape
}

/** What the name of a type does not say. */
export type Shape =
  | {
      readonly kind: 'nullable' | 'list' | 'array' | 'dictionary'
      readonly of: Parameter<unknown, never>
    }
  | { readonly kind: 'enumeration'; readonly values: Readonly<Record<string, number>> }
  /** Without members where the definition names only the type. */
  | { readonly kind: 'object'; readonly members?: Readonly<Record<string, Parameter<unknown, never>>> }

/** A parameter that the server fills in. Callers pass nothing for it, and handlers get it from the job. */
export interface InjectedParameter {
  readonly type: TypeName
  readonly isInjected: true
}

/** A parameter of any type, or one that the server fills in. */
export type AnyParameter = Parameter<unknown, never> | InjectedParameter

/** A type of .NET's own, which needs no assembly. */
export function systemType(name: string, ...args: readonly TypeName[]): TypeName {
  return { name: `System.${name}`, arguments: args, suffix: '' }
}

/** What makes a parameter, see {@link Parameter}. */
interface Definition<Out, In> {
  readonly type: TypeName
  readonly encode: (name: string, value: In, dates?: DateDialect) => string
  /** Undefined when the JSON is no such value. */
  readonly fromJson: (json: Json, what: string) => Out | undefined
  readonly shape?: Shape
}

/** A struct of .NET. An argument that is JSON null becomes its default, as .NET does it; text that is no JSON is read as it is. */
export function valueType<Out, In = Out>(
  definition: Definition<Out, In>,
  defaultValue: Out,
): Parameter<Out, In> {
  const fromJson = reader(definition)
  return {
    type: definition.type,
    isNullable: false,
    isValueType: true,
    encode: definition.encode,
    fromJson,
    decode: (what, argument) =>
      argument === null ? defaultValue : fromJson(what, parseJson(argument) ?? argument),
    ...optional('shape', definition.shape),
  }
}

/** A class of .NET. Null is refused: wrap it with `t.nullable` where .NET may pass null. */
export function referenceType<Out, In = Out>(
  definition: Definition<Out, In>,
  isBareText: boolean = false,
): Parameter<Out, In> {
  const fromJson = reader(definition)
  return {
    type: definition.type,
    isNullable: false,
    isValueType: false,
    encode: definition.encode,
    fromJson,
    decode(what, argument) {
      const json = argument === null ? null : parseJson(argument)
      if (isBareText && argument !== null && json !== null && typeof json !== 'string')
        return fromJson(what, argument)
      if (json === undefined || json === null) return unreadable(what, argument ?? 'null', definition.type)
      return fromJson(what, json)
    },
    ...optional('shape', definition.shape),
  }
}

export function isInjected(parameter: AnyParameter): parameter is InjectedParameter {
  return typeof parameter === 'object' && parameter !== null && 'isInjected' in parameter
}

/** @throws InvalidArgumentError for what is no type of a value: undefined, which modules that import each other may see */
export function checkParameter<Out, In>(name: string, parameter: Parameter<Out, In>): Parameter<Out, In> {
  if (typeof (parameter as Partial<Parameter<Out, In>> | null | undefined)?.encode === 'function')
    return parameter
  return refuse(name, parameter, 'a type of t for which callers pass a value')
}

/** @throws InvalidArgumentError that says what the parameter wants */
export function refuseValue(name: string, value: unknown, wanted: string): never {
  const got =
    typeof value === 'object' && value !== null
      ? 'an object'
      : typeof value === 'string'
        ? JSON.stringify(value)
        : String(value)
  throw new InvalidArgumentError(
    `${name} must be ${wanted}; got ${got.length > 80 ? `${got.slice(0, 80)}…` : got}.`,
  )
}

/** @throws InvalidArgumentError for null and undefined */
export function encodeWith<In>(
  parameter: Parameter<unknown, In>,
  name: string,
  value: In,
  dates?: DateDialect,
): string | null {
  if (value === undefined) return refuseValue(name, value, 'given; pass null for null')
  if (value !== null) return parameter.encode(name, value, dates)
  if (parameter.isNullable) return null
  const type = formatTypeName(parameter.type)
  return refuseValue(name, value, `a ${type}; for ${type}? in .NET define it with t.nullable()`)
}

/** A value within a list or an object. */
export function decodeItem<Out>(parameter: Parameter<Out, never>, what: string, json: Json): Out {
  // The type of a nullable parameter includes null.
  if (json === null) return parameter.isNullable ? (null as Out) : unreadable(what, 'null', parameter.type)
  return parameter.fromJson(what, json)
}

function unreadable(what: string, stored: string, type: TypeName): never {
  throw new HangfireUnreadableError(what, stored, `a ${formatTypeName(type)} as .NET reads it`)
}

function reader<Out>({ type, fromJson }: Definition<Out, never>): (what: string, json: Json) => Out {
  return (what, json) => {
    const value = json === null ? undefined : fromJson(json, what)
    return value === undefined ? unreadable(what, shown(json), type) : value
  }
}

function shown(json: Json): string {
  return typeof json === 'string'
    ? json
    : JSON.stringify(json instanceof Map ? Object.fromEntries(json) : json)
}
