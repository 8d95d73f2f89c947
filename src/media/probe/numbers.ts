// Every value of ffprobe about an upload is doubtful: N/A, NaN, negative, 1/0.

export function number(value: unknown) {
  const parsed = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
  return Number.isFinite(parsed) ? parsed : null
}

export function positive(value: unknown) {
  const parsed = number(value)
  return parsed !== null && parsed > 0 ? parsed : null
}

export function fraction(text = '') {
  const [over = 0, under = 1] = text.split('/').map(Number)
  const value = over / under
  return Number.isFinite(value) ? value : 0
}

/** To the microsecond, so that sums do not end in 0000000002. */
export const round = (value: number) => Number(value.toFixed(6))
