import { InvalidArgumentError } from '@holdfast/core'
import { checkObject } from '@holdfast/core/storage'
import { encodeJson, membersOf, toPlain } from '../wire/json.ts'
import { type TypeName, checkTypeName } from '../wire/type-name.ts'
import { type Parameter, decodeItem, encodeWith, referenceType, refuseValue } from './parameter.ts'

/** The members of a .NET class, by their names. */
export type ObjectMembers = Readonly<Record<string, Parameter<unknown, never>>>

/** What a handler gets. A member that .NET left out is at its default. */
export type ObjectOf<Members extends ObjectMembers> = {
  readonly [Name in keyof Members]: Members[Name] extends Parameter<infer Out, never> ? Out : never
}

/** What a caller passes. Members that may be null may be left out. */
export type ObjectFor<Members extends ObjectMembers> = {
  readonly [Name in keyof Members as null extends ValueFor<Members[Name]> ? never : Name]: ValueFor<
    Members[Name]
  >
} & {
  readonly [Name in keyof Members as null extends ValueFor<Members[Name]> ? Name : never]?:
    | ValueFor<Members[Name]>
    | undefined
}

type ValueFor<Member> = Member extends Parameter<unknown, infer In> ? In : never

export function object<T>(type: string): Parameter<T>
export function object<const Members extends ObjectMembers>(
  type: string,
  members: Members,
): Parameter<ObjectOf<Members>, ObjectFor<Members>>
export function object(type: string, members?: ObjectMembers): Parameter<never, unknown> {
  const name = checkTypeName('the type of t.object()', type)
  const made = members === undefined ? json<unknown>(name, { kind: 'object' }) : withMembers(name, members)
  // Its types are those of the signatures above.
  return made as Parameter<never, unknown>
}

/** Any JSON, for a .NET type that Newtonsoft.Json makes of it. */
export function json<T>(type: TypeName, shape?: Parameter<T>['shape']): Parameter<T> {
  return referenceType({
    type,
    encode: (name, value) => encodeJson(name, value),
    fromJson: (value) => toPlain(value) as T,
    ...(shape === undefined ? {} : { shape }),
  })
}

function withMembers(type: TypeName, members: ObjectMembers): Parameter<Readonly<Record<string, unknown>>> {
  // The types of the definition hold its values to its members.
  const all = Object.entries(checkObject('The members of t.object()', members)) as [
    string,
    Parameter<unknown>,
  ][]
  for (const [name, member] of all)
    if (name === '' || name.startsWith('$') || typeof member?.encode !== 'function')
      throw new InvalidArgumentError(
        `A member of t.object() must have the name of a property in .NET, and a type of t that callers pass; ${JSON.stringify(name)} does not.`,
      )
  return referenceType<Readonly<Record<string, unknown>>>({
    type,
    shape: { kind: 'object', members },
    encode(name, value) {
      if (typeof value !== 'object' || Array.isArray(value)) return refuseValue(name, value, 'an object')
      const unknown = Object.keys(value).find((key) => !Object.hasOwn(members, key))
      if (unknown !== undefined)
        throw new InvalidArgumentError(`${name} has a member ${unknown}, which its definition does not have.`)
      const texts = all.flatMap(([key, member]) => {
        const each = value[key]
        if (each === undefined && member.isNullable) return []
        return [`${JSON.stringify(key)}:${encodeWith(member, `${name}.${key}`, each) ?? 'null'}`]
      })
      return `{${texts.join(',')}}`
    },
    fromJson(stored, what) {
      const given = membersOf(stored)
      if (given === undefined) return undefined
      // .NET reads the names of members in any case.
      const byLowerCase = new Map(Array.from(given, ([key, value]) => [key.toLowerCase(), value]))
      return Object.fromEntries(
        all.map(([key, member]) => {
          const value = given.get(key) ?? byLowerCase.get(key.toLowerCase())
          const name = `${what}.${key}`
          return [key, value === undefined ? member.decode(name, null) : decodeItem(member, name, value)]
        }),
      )
    },
  })
}
