import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

// Rows beyond the window's edges that are there already when one scrolls.
const margin = 12

/** The rows of a long table that can be seen, between two spacers of the height of all others. All have one height. */
export function VirtualRows({
  count,
  height,
  row
}: {
  count: number
  height: number
  row(index: number): ComponentChildren
}) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [[start, end], setRange] = useState<[number, number]>(() => [0, Math.ceil(innerHeight / height)])

  useEffect(() => {
    let frame = 0
    function look() {
      frame = 0
      const top = body.current?.getBoundingClientRect().top ?? 0
      const first = Math.max(0, Math.floor(-top / height) - margin)
      const last = Math.min(count, Math.ceil((innerHeight - top) / height) + margin)
      setRange(([start, end]) => (start === first && end === last ? [start, end] : [first, Math.max(first, last)]))
    }
    const soon = () => {
      frame ||= requestAnimationFrame(look)
    }
    look()
    addEventListener('scroll', soon, { passive: true })
    addEventListener('resize', soon)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('scroll', soon)
      removeEventListener('resize', soon)
    }
  }, [count, height])

  const last = Math.min(end, count)
  const rows = []
  for (let index = Math.min(start, last); index < last; index++) rows.push(row(index))
  return (
    <tbody ref={body}>
      <Spacer height={Math.min(start, last) * height} />
      {rows}
      <Spacer height={(count - last) * height} />
    </tbody>
  )
}

function Spacer({ height }: { height: number }) {
  return height === 0 ? null : (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it can have the focus
    <tr aria-hidden="true" class="spacer" style={{ height: `${height}px` }}>
      <td />
    </tr>
  )
}
