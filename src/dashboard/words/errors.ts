/** A part of a message that all of its group have, for a search: the longest piece between what was blanked. */
export function commonPart(message: string): string {
  const parts = message.split(/<(?:n|id|path)>/)
  return parts
    .reduce((longest, part) => (part.trim().length > longest.length ? part.trim() : longest), '')
    .slice(0, 100)
}
