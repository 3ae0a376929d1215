import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type Right, type RightsOptions, aclRules } from '../src/index.ts'

const document = readFileSync(new URL('../../../docs/operations/rights.md', import.meta.url), 'utf8')

it('the documented lines to copy are those of the code', () => {
  const line = (user: string, options: RightsOptions) =>
    `ACL SETUSER ${user} on >a-long-password ${aclRules(options).join(' ')}`
  expect(document.match(/^ACL SETUSER .*$/gm)).toEqual([
    line('holdfast', {}),
    line('shop', { prefix: 'shop' }),
    line('shop-locks', { prefix: 'shop', features: ['locks', 'health'] }),
    line('shop-jobs', { prefix: 'shop', features: ['idempotency', 'health'] }),
    line('shop-cache', { prefix: 'shop', features: ['cache', 'health'] }),
    line('shop-near', { prefix: 'shop', features: ['cache', 'near', 'health'] }),
  ])
})

it('another prefix, and other features, reach their own keys and channels only', () => {
  const reach = (options: RightsOptions) => aclRules(options).filter((rule) => /^[~&]/.test(rule))
  const [locks, jobs, cache] = [
    ['~{kit:l:*', '&{kit:l:*', '&{kit:w:*'],
    ['~{kit:r:*', '&{kit:r:*'],
    ['~kit:v:*', '&kit:v:*'],
  ]
  const near = '&__redis__:invalidate'
  expect(reach({ namespace: 'kit' })).toEqual([locks, jobs, cache, near].flat())
  expect(reach({ namespace: 'kit', features: ['cache', 'near'] })).toEqual([...cache, near])
  expect(reach({ namespace: 'kit', features: ['cache', 'locks'] })).toEqual([locks, cache].flat())
  expect(reach({ namespace: 'kit', features: ['health'] })).toEqual([])
  expect(reach({ prefix: 'shop' })).toEqual([
    '~{holdfast:l:shop:*',
    '&{holdfast:l:shop:*',
    '&{holdfast:w:*',
    '~{holdfast:r:shop:*',
    '&{holdfast:r:shop:*',
    '~holdfast:v:shop:*',
    '&holdfast:v:shop:*',
    near,
  ])
})

it.each([[[]], [['lock']], ['locks'], [null]])('refuses features that are none: %j', (features) => {
  const refused = () => aclRules({ features: features as unknown as Right[] })
  expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  expect(refused).toThrow(/locks.*idempotency.*cache.*health/)
})

it.each([
  ['shop*', 'shop\\*'],
  ['[shop]?', '\\[shop\\]\\?'],
  ['eu:shop', 'eu%253Ashop'],
  ['{shop}', '%7Bshop%7D'],
])('the prefix %s stands for itself in a rule', (prefix, inTag) => {
  expect(aclRules({ prefix })).toContain(`~{holdfast:r:${inTag}:*`)
})

it('a prefix with a space gets no separate rules, which Redis would refuse', () => {
  expect(() => aclRules({ prefix: 'my shop' })).toThrow(/space/)
})

/** The folder of `src` that a feature's commands lie in, or some files. What no folder has is for all of them. */
const folders: Readonly<Record<Right, string>> = {
  locks: 'leases/**/*.ts',
  idempotency: 'records/**/*.ts',
  cache: 'values/**/*.ts',
  near: 'invalidations/*.ts',
  health: 'verify/**/*.ts',
  // What it reads beside locks, records and values goes through them.
  inspect: '{inspect/*,values/scan,values/read-many}.ts',
}

it.each(Object.entries(folders) as [Right, string][])(
  '%s may do every command that a script or a call in src/%s names, and no other',
  (feature, folder) => {
    const src = new URL('../src', import.meta.url).pathname
    const paths = globSync(['*.ts', folder], { cwd: src })
    const text = paths.map((path) => readFileSync(`${src}/${path}`, 'utf8')).join('\n')
    const named = [
      ...text.matchAll(/(?:call\(|send\(\[|send\(|= \[|, \[)'([A-Z]+)'(?:, '(GET|USAGE|ID|TRACKING)')?/g),
    ].map(([, word = '', subcommand]) => [word, ...(subcommand ? [subcommand] : [])].join('|').toLowerCase())
    // ioredis asks for INFO when it connects.
    named.push('info')
    const inCategories = ['ping', 'publish', 'spublish', 'pubsub']
    const allowed = aclRules({ features: [feature] })
      .filter((rule) => /^\+[a-z]/.test(rule) && !rule.startsWith('+cluster|'))
      .map((rule) => rule.slice(1))
    expect([...new Set(named)].filter((word) => !inCategories.includes(word)).sort()).toEqual(allowed.sort())
  },
)
