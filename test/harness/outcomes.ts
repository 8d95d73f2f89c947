import type { Service } from './service.ts'

/** How the attempts at a task ended that are over, in their order. */
export async function outcomes(service: Pick<Service, 'db'>, id: string) {
  const { rows } = await service.db.pool.query(
    'select outcome from darkroom.attempts where task_id = $1 order by number',
    [id]
  )
  return rows.map(({ outcome }) => outcome)
}
