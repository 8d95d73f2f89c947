/**
 * A unique index allows one open `process_video` task per film. Returns the id of the video whose second one Postgres
 * refused, undefined for every other error.
 */
export function busyVideo(error: unknown): string | undefined {
  const { code, constraint, detail } = (error ?? {}) as { code?: string; constraint?: string; detail?: string }
  if (code !== '23505' || constraint !== 'tasks_one_open_per_video') return undefined
  return /\(video_id\)=\(([0-9a-f-]{36})\)/.exec(detail ?? '')?.[1] ?? 'unknown'
}
