import type { Model } from './model.ts'

/** A model while events are folded into it: its own copy of what they touch, and the old object of all else. */
export type Draft = { -readonly [Key in keyof Model]: Model[Key] } & {
  /** The map of that name, copied the first time that it is asked for, so that it can be changed. */
  readonly map: <Name extends MapName>(name: Name) => Map<string, ValueOf<Model[Name]>>
  /** The list of that name, copied likewise. */
  readonly list: <Name extends ListName>(name: Name) => ItemOf<Model[Name]>[]
}

type MapName = 'instances' | 'works' | 'calls' | 'attempts' | 'locks' | 'reviews' | 'control'
type ListName = 'rows' | 'effects' | 'log' | 'chapters' | 'gaps'
type ValueOf<T> = T extends ReadonlyMap<string, infer Value> ? Value : never
type ItemOf<T> = T extends readonly (infer Item)[] ? Item : never

export function draftOf(model: Model): Draft {
  const copied = new Set<MapName | ListName>()
  const draft: Draft = {
    ...model,
    map: (name) => {
      if (!copied.has(name))
        Object.assign(draft, { [name]: new Map(draft[name] as ReadonlyMap<string, unknown>) })
      copied.add(name)
      return draft[name] as ReturnType<Draft['map']> as Map<string, never>
    },
    list: (name) => {
      if (!copied.has(name)) Object.assign(draft, { [name]: [...draft[name]] })
      copied.add(name)
      return draft[name] as readonly unknown[] as never[]
    },
  }
  return draft
}

export function finished(draft: Draft): Model {
  const { map: _map, list: _list, ...model } = draft
  return model
}
