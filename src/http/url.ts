/**
 * The URL with each part of its path as something that can be decoded: one that is not well-formed stands for itself.
 * So an id like `%ff` is an unknown id as any other garbage is, and its route says so.
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
