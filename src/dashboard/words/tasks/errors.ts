import type { ErrorGroup } from '../../state/service/shapes.ts'

/** The list of the tasks of a group, and maybe a few more. */
export function filterOf({ task, message }: Pick<ErrorGroup, 'task' | 'message'>): URLSearchParams {
  const part = commonPart(message ?? '')
  return new URLSearchParams({ status: 'FAILED', task: word(task), ...(part !== '' && { error: word(part) }) })
}

/** As one word of a filter, where commas and a minus mean something. */
function word(text: string) {
  return text.replaceAll(/[\\,]|^-/g, '\\$&')
}

/** A part of a message that all of its group have, for a search: the longest piece between what was blanked. */
export function commonPart(message: string): string {
  const parts = message.split(/<(?:n|id|path)>/)
  return parts
    .reduce((longest, part) => (part.trim().length > longest.length ? part.trim() : longest), '')
    .slice(0, 100)
}
