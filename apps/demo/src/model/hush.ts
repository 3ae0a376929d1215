/** Takes the key out of a text, also as JSON writes it: an API, or its model, may repeat it. */
export function hushing(key: string): (text: string) => string {
  const inJson = JSON.stringify(key).slice(1, -1)
  return (text) => text.replaceAll(key, '[key]').replaceAll(inJson, '[key]')
}
