import { useEffect, useState } from 'preact/hooks'
import { addressOf } from '../../state/service/base.ts'
import { clockOf, spokenClock } from '../../words/films/player.ts'
import { type Cell, cellAt, cellsOf } from '../../words/films/storyboard.ts'

interface Seek {
  time: number
  length: number
  storyboard: string | null
  seek(time: number): void
}

/** The seek bar. Above it, where a pointer or a key is, the film as it is there. */
export function SeekBar({ time, length, storyboard, seek }: Seek) {
  const cells = useStoryboard(storyboard)
  const [peek, setPeek] = useState<number | undefined>()
  const cell = peek === undefined ? undefined : cellAt(cells, peek)
  return (
    <div class="player-seek">
      {peek !== undefined && cell && <Peek cell={cell} time={peek} share={peek / (length || 1)} />}
      <input
        type="range"
        aria-label="Position"
        min={0}
        max={length || 1}
        step={0.1}
        value={time}
        aria-valuetext={`${spokenClock(time)} of ${spokenClock(length)}`}
        onInput={event => {
          seek(Number(event.currentTarget.value))
          setPeek(Number(event.currentTarget.value))
        }}
        onPointerMove={event => {
          const { left, width } = event.currentTarget.getBoundingClientRect()
          setPeek(Math.max(0, Math.min(1, (event.clientX - left) / width)) * length)
        }}
        onPointerLeave={() => setPeek(undefined)}
        onBlur={() => setPeek(undefined)}
      />
    </div>
  )
}

function Peek({ cell, time, share }: { cell: Sheet; time: number; share: number }) {
  const { address, x, y, width, height } = cell
  return (
    <div
      class="player-peek"
      aria-hidden="true"
      style={{ left: `clamp(0px, calc(${share * 100}% - ${width / 2}px), calc(100% - ${width}px))` }}
    >
      <svg width={width} height={height} viewBox={`${x} ${y} ${width} ${height}`} aria-hidden="true">
        <image href={address} />
      </svg>
      <span class="number">{clockOf(time)}</span>
    </div>
  )
}

interface Sheet extends Cell {
  address: string
}

/** None while it is read, or where it cannot be: the bar works without. */
function useStoryboard(url: string | null) {
  const [cells, setCells] = useState<Sheet[]>([])
  useEffect(() => {
    setCells([])
    if (!url) return
    const left = new AbortController()
    const address = new URL(addressOf(url), location.href)
    fetch(address, { signal: left.signal })
      .then(answer => (answer.ok ? answer.text() : ''))
      .then(text => setCells(cellsOf(text).map(cell => ({ ...cell, address: new URL(cell.sheet, address).href }))))
      .catch(() => {})
    return () => left.abort()
  }, [url])
  return cells
}
