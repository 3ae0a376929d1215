/** What a service ships: one entry, bundled for Node and compressed. */
const bundle = (name, path, imports, limit) => ({
  name,
  path,
  import: imports,
  limit,
  gzip: true,
  modifyEsbuildConfig: (config) => ({ ...config, platform: 'node' }),
})

const core = 'packages/core/dist/index.js'

// A little above what they are: growth is a decision.
export default [
  bundle('core: createLocks', core, '{ createLocks }', '13.4 kB'),
  bundle('core: createIdempotency', core, '{ createIdempotency }', '23.5 kB'),
  bundle('core: createCache', core, '{ createCache }', '24 kB'),
  bundle('core: everything', core, '*', '54.5 kB'),
  // Beside core, which it has as a dependency.
  { ...bundle('http', 'packages/http/dist/index.js', '*', '13 kB'), ignore: ['@holdfast/core'] },
]
