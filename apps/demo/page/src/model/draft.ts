import type { Model } from './model.ts'
import { Table } from './table.ts'

/** A model while events are folded into it: its own copy of what they touch, and the old object of all else. */
export type Draft = { -readonly [Key in keyof Model]: Model[Key] } & {
  /** The map of that name, copied the first time that it is asked for, so that it can be changed. */
  readonly map: <Name extends MapName>(name: Name) => Changing<ValueOf<Model[Name]>>
  /** The list of that name, copied likewise. */
  readonly list: <Name extends ListName>(name: Name) => ItemOf<Model[Name]>[]
}

type Changing<Value> = Pick<Map<string, Value>, 'get' | 'has'> & {
  readonly set: (key: string, value: Value) => unknown
  readonly delete: (key: string) => unknown
}

type MapName = 'instances' | 'works' | 'calls' | 'attempts' | 'locks' | 'reviews' | 'control'
type ListName = 'rows' | 'effects' | 'log' | 'chapters' | 'switches' | 'gaps'
type ValueOf<T> = T extends ReadonlyMap<string, infer Value> ? Value : never
type ItemOf<T> = T extends readonly (infer Item)[] ? Item : never

export function draftOf(model: Model): Draft {
  const copied = new Set<MapName | ListName>()
  const draft: Draft = {
    ...model,
    map: (name) => {
      if (!copied.has(name)) Object.assign(draft, { [name]: copyOf<unknown>(draft[name]) })
      copied.add(name)
      return draft[name] as never
    },
    list: (name) => {
      if (!copied.has(name)) Object.assign(draft, { [name]: [...draft[name]] })
      copied.add(name)
      return draft[name] as readonly unknown[] as never[]
    },
  }
  return draft
}

function copyOf<Value>(map: ReadonlyMap<string, Value>): Changing<Value> {
  return map instanceof Table ? Table.of(map) : new Map(map)
}

export function finished(draft: Draft): Model {
  const { map: _map, list: _list, ...model } = draft
  return model
}
