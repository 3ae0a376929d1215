/** Something that listens to a client until it is detached. */
export interface Attached {
  detach(): void
}

/**
 * Attaches once to each client, however many storages use it, and detaches with the last of them: Node warns of a leak
 * at the eleventh listener.
 */
export function oncePerClient<C extends object, A extends unknown[], T extends Attached>(
  attach: (client: C, ...args: A) => T,
): (client: C, ...args: A) => T {
  const attached = new WeakMap<C, { readonly value: T; users: number }>()
  return (client, ...args) => {
    const shared = attached.get(client) ?? { value: attach(client, ...args), users: 0 }
    attached.set(client, shared)
    shared.users += 1
    let isUser = true
    return {
      ...shared.value,
      detach() {
        if (!isUser) return
        isUser = false
        shared.users -= 1
        if (shared.users > 0) return
        attached.delete(client)
        shared.value.detach()
      },
    }
  }
}
