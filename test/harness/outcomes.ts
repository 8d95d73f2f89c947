import type { Service } from './service.ts'

/** The outcomes of a task's finished attempts, in their order. */
export async function outcomes(service: Pick<Service, 'db'>, id: string) {
  const { rows } = await service.db.pool.query(
    'select outcome from darkroom.attempts where task_id = $1 order by number',
    [id]
  )
  return rows.map(({ outcome }) => outcome)
}
