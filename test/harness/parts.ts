import type { Service } from './service.ts'

/** Films of more than ten seconds, in stretches of four and then of eight seconds; each decodes a second before. */
export const lengths = { DARKROOM_FILM_PARTS: '10,4,8' }

/** Tasks of the parts of a film, in the order in which they were submitted. */
export async function partsOf(service: Service, task: string): Promise<any[]> {
  const { items } = (await service.get('/api/tasks?task=process_video_part&limit=100')).json()
  return items.filter(({ args }: any) => args.film.task_id === task).toReversed()
}

/** What a part makes. */
export const named = ({ args }: any) => (args.role === 'picture' ? args.number : args.role)

/** Names of files in a playlist of one stream. */
export function playlist(body: string) {
  const urls = body.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return { init: /URI="([^"]+)"/.exec(body)![1]!, urls }
}
