/**
 * Writes the entries of the CHANGELOGs: the text of the changeset, and nothing else. All packages share one version, so
 * a list of updated dependencies would say nothing; nor would the commit of a changeset, to those who only use the package.
 */
interface Changeset {
  readonly summary: string
}

const changelog = {
  getReleaseLine({ summary }: Changeset): string {
    const [first = '', ...others] = summary.trimEnd().split('\n')
    return [`- ${first}`, ...others.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')
  },
  getDependencyReleaseLine: (): string => '',
}

// changesets looks for a default export.
export default changelog
