const whole = new Intl.NumberFormat('en-US')
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** "1,234", then "12.3k". */
export function countText(count: number): string {
  return Math.abs(count) < 10_000 ? whole.format(count) : compact.format(count).replace('K', 'k')
}

export function exactCount(count: number): string {
  return whole.format(count)
}

const sizes = ['B', 'kB', 'MB', 'GB', 'TB']

/** Decimal units, as players and disks have them: "12.4 MB". */
export function bytesText(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 999.5 && unit < sizes.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${sizes[unit]}`
}

export function bitrateText(bits: number): string {
  return bits >= 999_500 ? `${(bits / 1_000_000).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`
}

export function percentText(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`
}

/** Uuids of version 7 begin alike: their ends differ. */
export function shortId(id: string): string {
  return id.slice(-6)
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}
