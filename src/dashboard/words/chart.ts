/** Steps that people count in: 1, 2, 5, 10, 20 … at least the largest value. */
export function niceMost(most: number): number {
  if (most <= 0) return 1
  const size = 10 ** Math.floor(Math.log10(most))
  const step = [1, 2, 2.5, 5, 10].find(step => step * size >= most)!
  return step * size < 1 ? 1 : step * size
}

/** Points of a line in a box of 100 × 30. */
export function sparkPath(values: readonly (number | null)[]): string {
  const known = values.map(value => value ?? 0)
  if (known.length < 2) return ''
  const most = Math.max(...known, 1e-9)
  return known
    .map((value, at) => {
      const x = (at / (known.length - 1)) * 100
      const y = 28 - (value / most) * 26
      return `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
