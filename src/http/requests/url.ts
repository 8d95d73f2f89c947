/**
 * Escapes malformed percent-encodings in the path, so that an id like `%ff` reaches its route and is an unknown id (404).
 */
export function decodable(url: string): string {
  if (!url.includes('%')) return url
  const [path = ''] = /^[^?#]*/.exec(url) ?? []
  const parts = path.split('/').map(part => (isWellFormed(part) ? part : part.replaceAll('%', '%25')))
  return parts.join('/') + url.slice(path.length)
}

function isWellFormed(part: string) {
  try {
    return decodeURIComponent(part) !== undefined
  } catch {
    return false
  }
}
