import type { Message } from './claim.ts'

// Characters of JSON.
const longestResult = 16 * 1024

type Told = Pick<Message, 'type' | 'created_at' | 'data' | 'sequence' | 'task_id' | 'video_id' | 'result'>

/** At most 20 KiB, of which a result may be 16. What the database wrote is passed on as it is: reading it took longer. */
export function bodyOf(message: Told, publicUrl = ''): string {
  const { type, created_at, data, sequence, result } = message
  const more = JSON.stringify({ ...(result && resultOf(result)), ...addressOf(message, publicUrl), sequence })
  return `{"type":"${type}","timestamp":"${created_at}","data":${merged(data, more)}}`
}

/** Two objects as one; they have no key in common. */
function merged(first: string, second: string) {
  return first === '{}' ? second : `${first.slice(0, -1)},${second.slice(1)}`
}

function resultOf(result: NonNullable<Told['result']>) {
  const fits = (JSON.stringify(result.value) ?? '').length <= longestResult
  return fits ? { result: result.value } : { result: null, result_omitted: 'larger than 16 KiB' }
}

/** Where to read more. Without PUBLIC_URL only the path is known. */
function addressOf({ type, task_id, video_id }: Told, publicUrl: string) {
  if (type.startsWith('task.')) return { url: `${publicUrl}/api/tasks/${task_id}` }
  if (type.startsWith('problem.')) return { url: `${publicUrl}/ui/problems` }
  return type.startsWith('video.') ? { url: `${publicUrl}/api/videos/${video_id}` } : {}
}
