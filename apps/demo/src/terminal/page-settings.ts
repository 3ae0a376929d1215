import type { Values } from '../server/configuration.ts'

/** What the command line may say of the page, as commander gives it. */
export interface PageOptions {
  readonly port?: string
  readonly host?: string
  readonly open?: boolean
  readonly client?: string
  readonly framework?: string
  readonly cluster?: boolean
  readonly sample?: boolean
  readonly modelStub?: boolean
  readonly hangfire?: string
  readonly config?: string
}

/** Of the options that forms in the terminal have as well, those that say something about the page. */
export interface SharedOptions {
  readonly repo?: string
  readonly base?: string
  readonly head?: string
  readonly out?: string
  readonly storage: 'auto' | 'redis' | 'memory'
  /** Undefined: as slow as people like it. */
  readonly paceMs: number | undefined
}

export const PAGE_OPTIONS: readonly (keyof PageOptions)[] = [
  'port',
  'host',
  'open',
  'client',
  'framework',
  'cluster',
  'sample',
  'modelStub',
  'hangfire',
  'config',
]

/** By the keys of the configuration, which checks them. */
export function pageSettings(page: PageOptions, shared: SharedOptions): Values {
  return {
    AIREVIEW_PORT: page.port,
    AIREVIEW_HOST: page.host,
    AIREVIEW_OPEN: page.open === false ? 'no' : undefined,
    AIREVIEW_CLIENT: page.client ?? (shared.storage === 'memory' ? 'memory' : undefined),
    AIREVIEW_FRAMEWORK: page.framework,
    AIREVIEW_CLUSTER: page.cluster === true ? 'yes' : undefined,
    AIREVIEW_MODEL_STUB: page.modelStub === true ? 'yes' : undefined,
    AIREVIEW_HANGFIRE_URL: page.hangfire,
    AIREVIEW_SAMPLE: page.sample === true ? 'yes' : undefined,
    AIREVIEW_REPOSITORY: shared.repo,
    AIREVIEW_BASE: shared.base,
    AIREVIEW_HEAD: shared.head,
    AIREVIEW_FOLDER: shared.out,
    AIREVIEW_PACE_MS: shared.paceMs?.toString(),
  }
}
