/**
 * Where a video's files are, below DATA_DIR. Every attempt writes to folders of its own, so one that lost its claim
 * can never touch what is served: only what a row points at is.
 */
export const videosFolder = 'videos'

const workPrefix = 'work-'
const printsPrefix = 'prints-'

/** An id in the arguments of a task is as its author has typed it; the folder is the one of the upload. */
export function folderOf(video: string) {
  return `${videosFolder}/${video.toLowerCase()}`
}

export function originalOf(video: string) {
  return `${folderOf(video)}/original`
}

/** Where an attempt works. */
export function workOf(video: string, task: string, attempt: number) {
  return `${folderOf(video)}/${workPrefix}${task}-${attempt}`
}

/** Where its prints are once all of them are complete. */
export function printsOf(video: string, task: string, attempt: number) {
  return `${folderOf(video)}/${printsPrefix}${task}-${attempt}`
}

/** The task and attempt that a folder belongs to; undefined for anything else. */
export function attemptIn(name: string) {
  const match = /^(?:work|prints)-([0-9a-f-]{36})-(\d+)$/.exec(name)
  return match && { task: match[1]!, attempt: Number(match[2]) }
}
