import type { Mermaid } from 'mermaid'

declare global {
  var mermaid: Mermaid | undefined
}

let loading: Promise<Mermaid> | undefined

/** Adds the script to the page, once, whatever the number of diagrams. */
export function loadMermaid(url: string): Promise<Mermaid> {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.type = 'module'
    script.src = url
    script.addEventListener('load', () =>
      globalThis.mermaid === undefined
        ? reject(new Error(`${url} has no mermaid`))
        : resolve(globalThis.mermaid),
    )
    script.addEventListener('error', () => reject(new Error(`${url} could not be loaded`)))
    document.head.append(script)
  })
  return loading
}
