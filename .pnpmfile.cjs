/** What users get in a package.json is for users: neither our scripts, nor what our tests depend on. */
module.exports = {
  hooks: {
    beforePacking(manifest) {
      const { scripts, devDependencies, ...published } = manifest
      return published
    },
  },
}
