/** What a service ships: one entry, bundled for Node and compressed. */
const bundle = (name, path, imports, limit) => ({
  name,
  path,
  import: imports,
  limit,
  gzip: true,
  modifyEsbuildConfig: (config) => ({ ...config, platform: 'node' }),
})

export default [bundle('core, everything', 'packages/core/dist/index.js', '*', '40 kB')]
