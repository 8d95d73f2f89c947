import { useRef, useState } from 'preact/hooks'
import type { Status } from '../../state/service/shapes.ts'
import { zoned } from '../../state/service/time.ts'
import { niceMost, sparkPath } from '../../words/chart.ts'
import { countText } from '../../words/number.ts'

/** A line without numbers, beside the number that it belongs to. */
export function Spark({ values }: { values: readonly (number | null)[] }) {
  const line = sparkPath(values)
  return (
    <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {line && <path class="spark-area" d={`${line}L100 30L0 30Z`} />}
      <path class="spark-line" d={line} vector-effect="non-scaling-stroke" />
    </svg>
  )
}

export interface Bar {
  at: number
  parts: Partial<Record<Status, number>>
}

interface BarsProps {
  label: string
  bars: readonly Bar[]
  /** From the bottom up. */
  order: readonly Status[]
  height: number
  /** Seconds of a bar. */
  step: number
  onRange?(from: number, to: number): void
}

/** Stacked bars; dragging over them asks for their range. The same numbers are a table for readers. */
export function Bars({ label, bars, order, height, step, onRange }: BarsProps) {
  const largest = Math.max(0, ...bars.map(({ parts }) => sumOf(parts)))
  const most = niceMost(largest)
  const place = useRef<SVGSVGElement>(null)
  const [drag, setDrag] = useState<[number, number] | undefined>()
  const [over, setOver] = useState<number | undefined>()

  function indexAt(event: PointerEvent) {
    const { left, width } = place.current!.getBoundingClientRect()
    return Math.max(0, Math.min(bars.length - 1, Math.floor(((event.clientX - left) / width) * bars.length)))
  }
  function end() {
    if (drag && onRange) {
      const [first, last] = [Math.min(...drag), Math.max(...drag)]
      onRange(bars[first]!.at, bars[last]!.at + step * 1000)
    }
    setDrag(undefined)
  }
  const [low, high] = drag ? [Math.min(...drag), Math.max(...drag)] : [-1, -1]
  const shown = over === undefined ? undefined : bars[over]

  return (
    <figure class="bars" aria-label={label}>
      <svg
        ref={place}
        viewBox={`0 0 ${bars.length} 100`}
        preserveAspectRatio="none"
        style={{ height: `${height}px` }}
        aria-hidden="true"
        focusable="false"
        onPointerDown={event => {
          if (!onRange) return
          place.current!.setPointerCapture(event.pointerId)
          setDrag([indexAt(event), indexAt(event)])
        }}
        onPointerMove={event => {
          const at = indexAt(event)
          setOver(at)
          if (drag) setDrag([drag[0], at])
        }}
        onPointerUp={end}
        onPointerCancel={() => setDrag(undefined)}
        onPointerLeave={() => setOver(undefined)}
      >
        {low >= 0 && <rect class="bars-drag" x={low} y="0" width={high - low + 1} height="100" />}
        {over !== undefined && low < 0 && <rect class="bars-over" x={over} y="0" width="1" height="100" />}
        {bars.map(({ parts }, at) => stack(parts, order, most, at))}
      </svg>
      <figcaption class="bars-foot soft">
        <span>{bars[0] && zoned.short(bars[0].at)}</span>
        <span class="bars-said">{shown ? barText(shown, order) : bars.length > 0 && mostText(largest, most)}</span>
        <span>{bars.length > 0 && zoned.short(bars.at(-1)!.at + step * 1000)}</span>
      </figcaption>
      <BarsTable label={label} bars={bars} order={order} />
    </figure>
  )
}

function barText({ at, parts }: Bar, order: BarsProps['order']) {
  const counts = order.flatMap(name => (parts[name] ? [`${countText(parts[name])} ${name}`] : []))
  return `${zoned.short(at)}: ${counts.join(', ') || 'nothing'}`
}

const mostText = (largest: number, most: number) =>
  largest === 0 ? 'nothing in this time' : `most: ${countText(most)}`

const sumOf = (parts: Bar['parts']) => Object.values(parts).reduce((sum, part) => sum + part, 0)

function stack(parts: Bar['parts'], order: readonly Status[], most: number, at: number) {
  let top = 100
  return order.map(name => {
    const size = ((parts[name] ?? 0) / most) * 100
    if (size === 0) return null
    const height = Math.max(size, 1.5)
    top -= height
    return (
      <rect
        key={`${at} ${name}`}
        class={`stack-part status-${name}`}
        x={at + 0.1}
        y={top}
        width="0.8"
        height={height}
      />
    )
  })
}

/** At most a dozen rows: sums of neighbours. */
function BarsTable({ label, bars, order }: Pick<BarsProps, 'label' | 'bars' | 'order'>) {
  const size = Math.max(1, Math.ceil(bars.length / 12))
  const groups = Array.from({ length: Math.ceil(bars.length / size) }, (_, at) =>
    bars.slice(at * size, (at + 1) * size)
  )
  return (
    <div class="only-heard">
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {order.map(name => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map(group => (
            <tr key={group[0]!.at}>
              <th scope="row">{zoned.short(group[0]!.at)}</th>
              {order.map(name => (
                <td key={name}>{group.reduce((sum, { parts }) => sum + (parts[name] ?? 0), 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
