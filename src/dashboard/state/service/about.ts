import { useQuery } from './query.ts'
import type { About } from './shapes.ts'

/** Which installation answers; it changes with a restart. */
export function useAbout(): About | undefined {
  return useQuery<About>('/api/about', 60).data.value
}
