/**
 * Keys of a film's files in the store. Each attempt writes under a prefix of its own, so an attempt that lost its claim
 * cannot touch what is served.
 */
export const videosPrefix = 'videos'

/** An id in the arguments of a task may be in capitals; keys never are. */
export function prefixOf(video: string) {
  return `${videosPrefix}/${video.toLowerCase()}`
}

export function originalOf(video: string) {
  return `${prefixOf(video)}/original`
}

/** The prefix of the print set that an attempt makes. */
export function printsOf(video: string, task: string, attempt: number) {
  return `${prefixOf(video)}/prints-${attemptName(task, attempt)}`
}

/** The name of an attempt in keys, and of its workspace. */
export function attemptName(task: string, attempt: number) {
  return `${task}-${attempt}`
}

export function attemptIn(name: string) {
  const match = /^([0-9a-f-]{36})-(\d{1,9})$/.exec(name)
  return match ? { task: match[1]!, attempt: Number(match[2]) } : undefined
}

/** The owner of a key: a video, and in it the original or a file of an attempt. Undefined for a foreign key. */
export function ownerOf(key: string) {
  const match = /^videos\/([0-9a-f-]{36})\/(?:original|prints-([^/]+)\/.+)$/.exec(key)
  if (!match) return undefined
  const [, video = '', name] = match
  const attempt = name === undefined ? undefined : attemptIn(name)
  return name !== undefined && !attempt ? undefined : { video, attempt }
}
