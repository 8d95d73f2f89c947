import type { Listed } from '#media/hls/playlist.ts'

// Names of the files of a film's streams. A segment's name has all that a playlist says about it, so that a playlist
// can be written from a list of keys; and the name of its attempt, so that an URL is never of two contents.

export const hlsIn = (folder: string) => `${folder}/hls`

export const masterName = 'master.m3u8'

/** The master playlist for players that choose an audio track, of a film that has several. */
export const tracksName = 'tracks.m3u8'

/** Of a rung without its sound. */
export const pictureName = 'picture.m3u8'
export const pictureInitName = (token: string) => `${token}-picture.mp4`

/** The master playlist once so many rungs can be played, as an attempt has written it. */
export const growingMaster = (token: string, rungs: number) => `growing/${token}-${rungs}.m3u8`

export const rungsOfMaster = (name: string) => Number(/(\d+)\.m3u8$/.exec(name)?.[1] ?? 0)

export const initName = (token: string) => `${token}-init.mp4`

export function segmentName(token: string, { number, duration }: { number: number; duration: number }) {
  return `${token}-${String(number).padStart(5, '0')}-${Math.round(duration * 1e6)}.m4s`
}

export function segmentIn(name: string): (Listed & { number: number }) | undefined {
  const match = /-(\d{5,})-(\d+)\.m4s$/.exec(name)
  return match ? { name, number: Number(match[1]), duration: Number(match[2]) / 1e6 } : undefined
}

/** What an URL below `hls/` may name: a playlist of a rung, its init segment, its segments. */
export function isHlsFile(name: string) {
  return /^[\w-]+(?:\.\w+)?\/(?:(?:index|picture)\.m3u8|[\w-]+\.(?:m4s|mp4))$/.test(name)
}

/** Of an attempt, short: the last part of its task's id is random. */
export function tokenOf(task: string, attempt: number) {
  return `${task.slice(-12)}-${attempt}`
}
