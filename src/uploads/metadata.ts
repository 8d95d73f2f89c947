import { refuse } from '#schema/check.ts'

// What HEAD adds once there is a film; a client's own keys of these names are not answered.
const ours = new Set(['video_id', 'task_id'])

/**
 * The header Upload-Metadata: pairs of a key and a value in base64, between commas. A name that is not UTF-8 is no reason
 * to refuse a film: what cannot be read becomes U+FFFD.
 */
export function readMetadata(header: string | undefined): Map<string, string> {
  const values = new Map<string, string>()
  for (const pair of (header ?? '').split(',')) {
    if (pair.trim() === '' && (header ?? '').trim() === '') continue
    const [key = '', value = '', ...more] = pair.trim().split(' ')
    if (key === '' || !/^[\x21-\x7e]+$/.test(key)) throw wrong('must have a key of visible ASCII in each pair')
    if (more.length > 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw wrong(`has no base64 for the key "${key}"`)
    if (values.has(key)) throw wrong(`has the key "${key}" twice`)
    values.set(key, Buffer.from(value, 'base64').toString('utf8'))
  }
  return values
}

/** The client's own header, and the ids of what the upload has become. */
export function metadataOf(sent: string, { video_id, task_id }: { video_id: string | null; task_id: string | null }) {
  const own = sent.split(',').filter(pair => pair !== '' && !ours.has(pair.trim().split(' ')[0]!))
  const added = Object.entries({ video_id, task_id }).flatMap(([key, id]) =>
    id === null ? [] : [`${key} ${Buffer.from(id).toString('base64')}`]
  )
  return [...own, ...added].join(',')
}

function wrong(message: string) {
  return refuse([{ field: 'Upload-Metadata', message }])
}
